-- The last position.
select position from events order by position desc limit 1
