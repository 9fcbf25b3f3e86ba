-- The records of the commands that follow.
select command_id, actor, first_position, last_position, sequence
from commands
where command_id