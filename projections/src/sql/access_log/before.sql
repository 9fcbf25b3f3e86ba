-- The last refusals before the one with the id $1, newest first, at most $2: ids sort by time.
select entry_id, at, actor, command, target, refusal, address, command_id, correlation_id
from access_log
where entry_id < $1
order by entry_id desc
limit $2
