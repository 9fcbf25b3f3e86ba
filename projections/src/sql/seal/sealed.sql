-- Stores the signed checkpoint $2 of the origin $1.
update seal set checkpoint = $2 where origin = $1
