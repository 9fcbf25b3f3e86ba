-- The checkpoints of the origin $1 that the log was found to contradict.
select checkpoint from seal_contradiction where origin = $1 order by checkpoint
