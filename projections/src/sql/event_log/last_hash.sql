-- The last position and the hash of its event.
select position, leaf_hash from events order by position desc limit 1
