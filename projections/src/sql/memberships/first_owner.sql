-- The first owner of the organisation $1, if they have joined.
select m.person_id, p.email, p.name, m.role, m.joined_at, p.first_sign_in_at
from (select * from org_list where org_id = $1 order by valid_from desc limit 1) l
join membership m on m.org_id = l.org_id and m.person_id = l.owner_id
left join people p on p.person_id = m.person_id
