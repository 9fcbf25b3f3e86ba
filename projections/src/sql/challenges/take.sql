-- Ends what was begun with the token hash $1 for the purpose $2, and gives it if it was not over at $3.
delete from challenge where token_hash = $1 and purpose = $2 and expires_at > $3 returning person_id, state
