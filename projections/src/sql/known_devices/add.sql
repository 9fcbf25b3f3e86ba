-- Knows the device with the token hash $1 as one of the person $2, used at $3.
insert into known_device (token_hash, person_id, last_used_at) values ($1, $2, $3)
