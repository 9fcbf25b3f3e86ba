-- The passkey $1.
select credential_id, person_id, name, data, created_at, last_used_at from passkey where credential_id = $1
