-- Which of the commands that follow were carried out.
select command_id, fingerprint, actor, first_position, last_position, sequence
from commands
where command_id in (
