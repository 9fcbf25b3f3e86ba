-- Notes that the log contradicts the checkpoint $2 of the origin $1, if nobody has yet.
insert into seal_contradiction (origin, checkpoint) values ($1, $2) on conflict (origin, checkpoint) do nothing
