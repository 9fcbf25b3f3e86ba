-- What the organisations that follow chose.
select org_id, code, choice, position, chosen_position, chosen_at, chosen_by
from org_resource_choice
where org_id
