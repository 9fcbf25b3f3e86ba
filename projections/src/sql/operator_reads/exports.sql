-- The last exports of the history, and of its checkpoints, before the one with the id $1, newest first, at most $2.
select read_id, at, person_id, page, reason, hour is not null as listed, times, last_at
from operator_read
where (page like '/admin/history/export?%' or page = '/admin/history/proof/checkpoints') and read_id < $1
order by read_id desc
limit $2
