-- Hashes of the events behind position $1, up to $2.
select leaf_hash from events where position > $1 and position <= $2 order by position
