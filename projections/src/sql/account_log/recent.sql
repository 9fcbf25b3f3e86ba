-- What happened to any account before the entry $1, newest first, at most $2.
select entry_id, at, person_id, kind, detail, address, agent, session_id
from account_log
where entry_id < $1
order by entry_id desc
limit $2
