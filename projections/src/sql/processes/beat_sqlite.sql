-- The process $1 ran at $2.
update processes set seen_at = $2 where process_id = $1
