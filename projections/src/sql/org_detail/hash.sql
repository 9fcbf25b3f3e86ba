-- The hash of the event with sequence $2 of the organisation $1.
select leaf_hash from events where aggregate_type = 'org' and aggregate_id = $1 and sequence = $2
