-- Notes that the person $1 signed in for the first time at $2.
update people set first_sign_in_at = $2 where person_id = $1 and first_sign_in_at is null
