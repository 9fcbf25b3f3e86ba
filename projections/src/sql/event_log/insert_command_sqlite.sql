-- Remembers what was carried out.
insert into commands (command_id, fingerprint, actor, first_position, last_position, sequence)
values ($1, $2, $3, $4, $5, $6)
