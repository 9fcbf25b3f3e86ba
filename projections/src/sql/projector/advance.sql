-- Moves the checkpoints that follow, all of them from one position, to another.
update projection set position = 