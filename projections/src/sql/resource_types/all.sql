-- All resource types, active ones first, by their codes.
select code, type_id, label, description, actions, spread, active, reason, sequence, position, spread_position,
       defined_at, changed_at, changed_by
from resource_type
order by active desc, code
