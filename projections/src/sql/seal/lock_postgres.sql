-- What is kept for the origin $1 where nobody else is at it, held until the transaction ends.
select origin, size, nodes, checkpoint from seal where origin = $1 for update skip locked
