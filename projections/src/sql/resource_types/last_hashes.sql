-- The hash of the last event of each resource type that was folded, by their codes.
select e.leaf_hash
from resource_type t
join events e on e.aggregate_type = 'resource_type' and e.aggregate_id = t.code and e.sequence = t.sequence
order by t.code
