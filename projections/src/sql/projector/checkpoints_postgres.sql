-- The checkpoints of all projections, locked until the transaction ends.
select name, version, position, error from projection order by name, version for update
