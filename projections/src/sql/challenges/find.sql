-- What was begun with the token hash $1 for the purpose $2, if it is not over at $3.
select person_id, state from challenge where token_hash = $1 and purpose = $2 and expires_at > $3
