-- Removes buckets that are full at $1, and those that are empty beyond $2, by a wrong clock.
delete from throttle where full_at <= $1 or full_at > $2
