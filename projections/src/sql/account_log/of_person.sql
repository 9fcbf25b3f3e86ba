-- What happened to the account of the person $1 before the entry $2, newest first, at most $3.
select entry_id, at, person_id, kind, detail, address, agent, session_id
from account_log
where person_id = $1 and entry_id < $2
order by entry_id desc
limit $3
