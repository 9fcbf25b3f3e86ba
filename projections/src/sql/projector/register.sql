-- Makes the projection $1, $2 (name, version) known; it starts at the beginning of the log.
insert into projection (name, version) values ($1, $2) on conflict (name, version) do nothing
