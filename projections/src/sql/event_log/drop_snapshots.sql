-- Removes the snapshots of $1, $2 (type, id) by folds before version $3.
delete from snapshots where aggregate_type = $1 and aggregate_id = $2 and fold < $3
