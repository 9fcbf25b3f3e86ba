-- Which of the commands $1 were carried out.
select command_id, fingerprint, actor, first_position, last_position, sequence
from commands
where command_id = any($1)
