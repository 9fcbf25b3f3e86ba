-- Puts the checkpoint of $1, $2 (name, version) at $3.
update projection set position = $3, error = null where name = $1 and version = $2
