-- Whatever these people belong to; their ids follow.
select org_id, person_id, role, joined_at, position
from membership
where person_id
