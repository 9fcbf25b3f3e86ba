-- The role of the person with the address $2 in the organisation $1.
select m.person_id, m.role
from people p
join membership m on m.person_id = p.person_id
where p.email = $2 and m.org_id = $1
