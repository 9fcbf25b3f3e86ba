-- The session $1 was used at $2 and stays open until $3.
update session set last_seen_at = $2, idle_at = $3 where session_id = $1
