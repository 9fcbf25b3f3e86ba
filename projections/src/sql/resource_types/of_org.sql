-- The active resource types as the organisation $1 sees them, by their codes.
select t.code, t.label, t.description, t.actions, t.spread, t.spread_position, o.position as created_position,
       c.choice, c.chosen_position, c.chosen_at, c.chosen_by
from org_detail o
cross join resource_type t
left join org_resource_choice c on c.org_id = o.org_id and c.code = t.code
where o.org_id = $1 and t.active
order by t.code
