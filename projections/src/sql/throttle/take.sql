-- Takes from the bucket $1 at $2 what takes $3 to come back, if it is full again by $4 all the same. An end after $5 was
-- written by a wrong clock and counts for nothing.
insert into throttle (bucket, full_at)
values ($1, $2 + $3)
on conflict (bucket) do update
set full_at = case when throttle.full_at > $2 and throttle.full_at <= $5 then throttle.full_at else $2 end + $3
where case when throttle.full_at > $2 and throttle.full_at <= $5 then throttle.full_at else $2 end + $3 <= $4
