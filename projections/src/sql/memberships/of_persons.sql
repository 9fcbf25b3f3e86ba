-- The organisations of the people that follow.
select distinct org_id
from membership
where person_id
