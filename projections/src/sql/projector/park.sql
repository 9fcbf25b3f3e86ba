-- Parks the aggregate $3, $4 (type, id) for the projection $1, $2 (name, version) from position $5 on, because of $6, and
-- until a newer version runs if $7. A row that waited for a newer version is replaced; one that is parked for good stays.
insert into projection_parked (name, version, aggregate_type, aggregate_id, from_position, error, newer)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (name, version, aggregate_type, aggregate_id) do update
set from_position = excluded.from_position, error = excluded.error, newer = excluded.newer
where projection_parked.newer
