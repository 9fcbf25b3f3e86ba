-- Gives the person $1 the password hash $2.
update people set password_hash = $2 where person_id = $1
