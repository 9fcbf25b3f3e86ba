-- The last position and its time.
select position, recorded_at from events order by position desc limit 1
