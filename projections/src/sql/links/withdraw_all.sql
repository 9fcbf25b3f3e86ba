-- Takes back unused links for the purpose $1.
delete from link where purpose = $1 and used_at is null
