-- Parks the aggregate $3, $4 (type, id) for the projection $1, $2 (name, version) from position $5 on, because of $6.
insert into projection_parked (name, version, aggregate_type, aggregate_id, from_position, error)
values ($1, $2, $3, $4, $5, $6)
on conflict (name, version, aggregate_type, aggregate_id) do nothing
