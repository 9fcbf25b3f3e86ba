-- Removes what was never finished before $1.
delete from challenge where expires_at <= $1
