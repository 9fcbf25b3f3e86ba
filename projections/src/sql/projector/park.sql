-- Parks the aggregate of the event at $3 for the projection $1, $2, because of $4.
insert into projection_parked (name, version, aggregate_type, aggregate_id, from_position, error)
select $1, $2, aggregate_type, aggregate_id, position, $4 from events where position = $3
on conflict (name, version, aggregate_type, aggregate_id) do nothing
