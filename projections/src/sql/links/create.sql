-- Makes a link with the token hash $1 for the purpose $2: person $3, organisation $4, invitation $5, from $6 until $7.
insert into link (token_hash, purpose, person_id, org_id, invitation_id, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
