-- Begins something with the token hash $1 for the purpose $2 and the person $3, with the state $4, until $5.
insert into challenge (token_hash, purpose, person_id, state, expires_at) values ($1, $2, $3, $4, $5)
