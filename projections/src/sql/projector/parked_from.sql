-- The first position from which a projection leaves out the stream $1, $2 (type, id).
select min(from_position) from projection_parked where aggregate_type = $1 and aggregate_id = $2
