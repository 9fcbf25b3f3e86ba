-- The stored state for the origin $1, locked until the transaction ends; no row if somebody else has locked it.
select origin, size, nodes, checkpoint from seal where origin = $1 for update skip locked
