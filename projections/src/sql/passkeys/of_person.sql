-- Passkeys of the person $1, the oldest first.
select credential_id, person_id, name, data, created_at, last_used_at from passkey where person_id = $1 order by created_at, credential_id
