-- The last position that was recorded at the moment $1 or before it.
select position from events where recorded_at <= $1 order by recorded_at desc, position desc limit 1
