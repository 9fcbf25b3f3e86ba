-- Events of the stream $1, $2 (type, id) from sequence $3 on, at most $4.
select position, recorded_at, aggregate_type, aggregate_id, sequence, event_type, event_version,
       cast(payload as text) as payload, cast(metadata as text) as metadata, leaf_hash
from events
where aggregate_type = $1 and aggregate_id = $2 and sequence >= $3
order by sequence
limit $4
