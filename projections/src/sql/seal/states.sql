-- The stored states of all origins, the one with the most events first.
select origin, size, nodes, checkpoint from seal order by size desc, origin
