-- What was refused of the correlation $1, oldest first, at most $2.
select entry_id, at, actor, command, target, refusal, address, command_id, correlation_id
from access_log
where correlation_id = $1
order by entry_id
limit $2
