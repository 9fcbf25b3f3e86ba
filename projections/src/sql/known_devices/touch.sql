-- Notes that the person $2 used the device with the token hash $1 at $3, if it is known as theirs.
update known_device set last_used_at = $3 where token_hash = $1 and person_id = $2
