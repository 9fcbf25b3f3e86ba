-- The sequence of the stream $1, $2 (type, id): of its last event, 0 where there is none.
select coalesce(max(sequence), 0) from events where aggregate_type = $1 and aggregate_id = $2
