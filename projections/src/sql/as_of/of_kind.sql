-- Events of all streams of the type $1 up to the position $2.
select position, recorded_at, aggregate_type, aggregate_id, sequence, event_type, event_version,
       cast(payload as text) as payload, cast(metadata as text) as metadata, leaf_hash
from events
where aggregate_type = $1 and position <= $2
order by position
