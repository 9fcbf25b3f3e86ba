-- A process that starts at $3: its program has the version $1, its feature level is $2.
insert into processes (process_id, version, feature_level, started_at, seen_at)
values (randomblob(16), $1, $2, $3, $3)
returning process_id
