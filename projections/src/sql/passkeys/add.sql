-- Gives the person $2 the passkey $1, called $3, with the data $4, at $5, unless somebody has it.
insert into passkey (credential_id, person_id, name, data, created_at) values ($1, $2, $3, $4, $5)
on conflict do nothing
