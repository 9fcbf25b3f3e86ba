-- Events at the positions that follow.
select position, recorded_at, aggregate_type, aggregate_id, sequence, event_type, event_version,
       cast(payload as text) as payload, cast(metadata as text) as metadata, leaf_hash
from events
where position
