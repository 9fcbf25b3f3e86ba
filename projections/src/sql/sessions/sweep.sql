-- Removes sessions that ended before $1.
delete from session where idle_at <= $1 or expires_at <= $1
