-- Gives the person $1 the shared secret $2, proven with a code of the step $3 at $4, unless there is one.
insert into totp (person_id, secret, last_step, created_at) values ($1, $2, $3, $4) on conflict do nothing
