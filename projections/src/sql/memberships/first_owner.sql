-- The owner of the organisation $1 who joined first.
select m.person_id, p.email, p.name, m.role, m.joined_at, p.first_sign_in_at
from (select * from membership where org_id = $1 and role = 'owner' order by position limit 1) m
left join people p on p.person_id = m.person_id
