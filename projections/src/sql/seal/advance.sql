-- Stores the tree of the origin $1: it has $2 events and the nodes $3 now.
update seal set size = $2, nodes = $3 where origin = $1
