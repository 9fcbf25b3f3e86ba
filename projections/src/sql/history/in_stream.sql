-- The position of the event of the stream $1, $2 (type, id) with the sequence $3.
select position from events where aggregate_type = $1 and aggregate_id = $2 and sequence = $3
