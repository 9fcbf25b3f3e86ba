-- Events of the organisation $1 before position $2, newest first, at most $3.
select position, recorded_at, aggregate_type, aggregate_id, sequence, event_type, event_version,
       cast(payload as text) as payload, cast(metadata as text) as metadata, leaf_hash
from events
where position in (select position from history where org_id = $1 and position < $2 order by position desc limit $3)
order by position desc
