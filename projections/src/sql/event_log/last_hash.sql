-- The last position and the hash of its event.
select position, leaf_hash from events where position is not null order by position desc limit 1
