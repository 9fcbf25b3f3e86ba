-- Starts the session $1 with the token hash $2 for the person $3 at $4: idle until $5, at most until $6, from $7 by $8,
-- after a proof at $9, by more than a password or not ($10).
insert into session (session_id, token_hash, person_id, created_at, last_seen_at, idle_at, expires_at, address, agent,
                     proven_at, two_factors)
values ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9, $10)
