-- Ends the session $2 of the person $1.
delete from session where person_id = $1 and session_id = $2
