-- Moves the checkpoint of $1, $2 (name, version) from $3 to $4.
update projection set position = $4 where name = $1 and version = $2 and position = $3
