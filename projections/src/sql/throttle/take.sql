-- Takes a token from the bucket $1 at $2: the bucket is full again $3 later than before. Refused if that is after $4. A
-- stored time after $5 was written by a wrong clock and counts for nothing.
insert into throttle (bucket, full_at)
values ($1, $2 + $3)
on conflict (bucket) do update
set full_at = case when throttle.full_at > $2 and throttle.full_at <= $5 then throttle.full_at else $2 end + $3
where case when throttle.full_at > $2 and throttle.full_at <= $5 then throttle.full_at else $2 end + $3 <= $4
