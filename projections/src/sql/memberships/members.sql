-- People of the organisation $1, owners first, at most $2.
select m.person_id, p.email, p.name, m.role, m.joined_at, p.first_sign_in_at
from membership m
left join people p on p.person_id = m.person_id
where m.org_id = $1
order by case m.role when 'owner' then 0 when 'admin' then 1 else 2 end, p.email, m.person_id
limit $2
