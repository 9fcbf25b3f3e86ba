-- The checkpoints of all projections.
select name, version, position, error from projection order by name, version
