-- What the command id $1 stands for.
select fingerprint, actor, first_position, last_position, sequence from commands where command_id = $1
