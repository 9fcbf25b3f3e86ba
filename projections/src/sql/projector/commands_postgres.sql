-- The records of the commands $1.
select command_id, actor, first_position, last_position, sequence
from commands
where command_id = any($1)
