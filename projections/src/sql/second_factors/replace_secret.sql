-- The shared secret of the person $1 is stored as $3 and no longer as $2.
update totp set secret = $3 where person_id = $1 and secret = $2
