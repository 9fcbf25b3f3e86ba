-- Knows the device with the token hash $1 by the token hash $2 from now on, whoever uses it.
update known_device set token_hash = $2 where token_hash = $1
