-- The hash of the password of the person $1 becomes $3, where it is $2.
update people set password_hash = $3 where person_id = $1 and password_hash = $2
