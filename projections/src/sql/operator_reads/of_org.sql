-- What operators looked at of the organisation $1 before the look $2, newest first, at most $3.
select read_id, at, person_id, page, reason, hour is not null as listed, times, last_at
from operator_read
where org_id = $1 and read_id < $2
order by read_id desc
limit $3
