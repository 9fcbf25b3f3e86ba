-- The snapshot of the aggregate $1, $2 (type, id) by the fold of version $3.
select sequence, leaf_hash, state
from snapshots
where aggregate_type = $1 and aggregate_id = $2 and fold = $3
