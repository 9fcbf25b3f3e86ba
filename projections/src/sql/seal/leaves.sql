-- Positions of the events behind position $1, up to $2, and the hashes beside them: the first $3.
select position, leaf_hash from events where position > $1 and position <= $2 order by position limit $3
