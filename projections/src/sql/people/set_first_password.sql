-- Gives the person $1 the password hash $2, if there is none yet.
update people set password_hash = $2 where person_id = $1 and password_hash is null
