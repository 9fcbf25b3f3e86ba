-- The passkey $1 was used at $3, and its data are $2 since.
update passkey set data = $2, last_used_at = $3 where credential_id = $1
