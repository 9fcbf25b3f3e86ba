-- A process that starts: its program has the version $1, its feature level is $2.
with gone as (delete from processes where seen_at < now() - interval '1 day')
insert into processes (process_id, version, feature_level, started_at, seen_at)
values (gen_random_uuid(), $1, $2, now(), now())
returning process_id
