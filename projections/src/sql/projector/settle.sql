-- Puts the checkpoint of $1, $2 (name, version) at $3.
insert into projection (name, version, position) values ($1, $2, $3)
on conflict (name, version) do update set position = excluded.position, error = null
