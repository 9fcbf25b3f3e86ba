-- Ends the session with the token hash $1.
delete from session where token_hash = $1
