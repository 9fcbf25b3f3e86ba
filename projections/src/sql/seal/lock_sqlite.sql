-- The stored state for the origin $1. The one transaction that writes holds it.
select origin, size, nodes, checkpoint from seal where origin = $1
