-- Remembers the commands that follow.
insert into commands (command_id, fingerprint, actor, first_position, last_position, sequence)
