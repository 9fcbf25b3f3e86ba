-- The resource type with the code $1.
select code, type_id, label, description, actions, spread, active, reason, sequence, position, spread_position,
       defined_at, changed_at, changed_by
from resource_type
where code = $1
