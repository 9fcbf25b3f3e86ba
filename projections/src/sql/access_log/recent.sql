-- The last refusals, newest first, at most $1.
select entry_id, at, actor, command, target, refusal, address, command_id, correlation_id
from access_log
order by at desc, entry_id desc
limit $1
