-- Takes back the unused links with which the person $1 could choose a password.
delete from link where purpose = 'password' and person_id = $1 and used_at is null
