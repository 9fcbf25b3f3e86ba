-- Forgets what the projection $1, $2 (name, version) had parked.
delete from projection_parked where name = $1 and version = $2
