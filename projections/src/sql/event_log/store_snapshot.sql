-- Stores the snapshot of $1, $2 (type, id) by the fold of version $3: sequence, hash of its last event, state.
insert into snapshots (aggregate_type, aggregate_id, fold, sequence, leaf_hash, state)
values ($1, $2, $3, $4, $5, $6)
on conflict (aggregate_type, aggregate_id, fold)
do update set sequence = excluded.sequence, leaf_hash = excluded.leaf_hash, state = excluded.state
