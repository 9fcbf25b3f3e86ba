-- The process $1 runs, with the program version $2 and the feature level $3.
insert into processes (process_id, version, feature_level, started_at, seen_at)
values ($1, $2, $3, now(), now())
on conflict (process_id) do update set seen_at = excluded.seen_at
