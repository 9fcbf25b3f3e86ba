-- For the origin $1 the checkpoint $2 was signed.
update seal set checkpoint = $2 where origin = $1
