-- Removes the passkey $2 of the person $1.
delete from passkey where person_id = $1 and credential_id = $2
