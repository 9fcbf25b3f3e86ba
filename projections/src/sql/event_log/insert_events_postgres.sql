-- Appends one event for each element of the arrays.
insert into events (position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                    recorded_at, leaf_hash)
select e.position, e.kind, e.id, e.sequence, e.event_type, e.event_version, e.payload::json, e.metadata::json,
       e.recorded_at, e.leaf
from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::timestamptz[], $10::bytea[])
     as e (position, kind, id, sequence, event_type, event_version, payload, metadata, recorded_at, leaf)
