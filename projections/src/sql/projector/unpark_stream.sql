-- Forgets that the stream $1, $2 (type, id) was parked, by whatever projection.
delete from projection_parked where aggregate_type = $1 and aggregate_id = $2
