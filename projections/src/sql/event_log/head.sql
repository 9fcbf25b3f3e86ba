-- The last position and the hash of what stands there.
select position, leaf_hash from events order by position desc limit 1
