-- Forgets devices that were last used before $1.
delete from known_device where last_used_at <= $1
