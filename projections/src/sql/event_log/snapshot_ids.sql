-- Aggregates of type $1 that have a snapshot by the fold of version $2.
select aggregate_id from snapshots where aggregate_type = $1 and fold = $2 order by aggregate_id
