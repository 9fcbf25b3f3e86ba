-- Events before position $1 that came from the server's shell, newest first, at most $2.
select e.position, e.recorded_at, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
       cast(e.payload as text) as payload, cast(e.metadata as text) as metadata, e.leaf_hash
from history h join events e on e.position = h.position
where h.actor = 'shell' and h.position < $1
order by h.position desc
limit $2
