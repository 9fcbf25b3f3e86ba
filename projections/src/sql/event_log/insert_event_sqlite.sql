-- Appends one event.
insert into events (position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                    recorded_at, leaf_hash)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
