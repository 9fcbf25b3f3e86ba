-- Removes the shared secret of the person $1.
delete from totp where person_id = $1
