-- Starts the session $1 with the token hash $2 for the person $3 at $4: idle until $5, at most until $6, from $7 by $8.
insert into session (session_id, token_hash, person_id, created_at, last_seen_at, idle_at, expires_at, address, agent)
values ($1, $2, $3, $4, $4, $5, $6, $7, $8)
