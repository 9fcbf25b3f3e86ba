-- Events up to position $1 behind the stream and sequence $2, $3, $4 (type, id, sequence), stream by stream, at most $5.
select position, recorded_at, aggregate_type, aggregate_id, sequence, event_type, event_version,
       cast(payload as text) as payload, cast(metadata as text) as metadata, leaf_hash
from events
where (aggregate_type, aggregate_id, sequence) > ($2, $3, $4) and position > 0 and position <= $1
order by aggregate_type, aggregate_id, sequence
limit $5
