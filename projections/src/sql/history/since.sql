-- The first event that was recorded at $1 or later.
select position from events where recorded_at >= $1 order by recorded_at, position limit 1
