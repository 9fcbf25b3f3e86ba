-- Forgets what any version of the projection $1 had parked.
delete from projection_parked where name = $1
