-- Forgets all devices of the person $1 but the one with the token hash $2.
delete from known_device where person_id = $1 and token_hash <> $2
