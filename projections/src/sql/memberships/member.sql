-- The person $2 as a member of the organisation $1.
select m.person_id, p.email, p.name, m.role, m.joined_at, p.first_sign_in_at
from membership m
left join people p on p.person_id = m.person_id
where m.org_id = $1 and m.person_id = $2
