-- What is kept of the tree over the events behind position $1, up to $2.
select position, level, hash from seal_node where position > $1 and position <= $2 order by position, level
