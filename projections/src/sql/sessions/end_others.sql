-- Ends every session of the person $1 but $2.
delete from session where person_id = $1 and session_id <> $2
