-- How many people the organisation $1 has, and how many of them have the pattern $2 or $3 in their name, or $2 in their address.
select count(*) as members,
       count(*) filter (where lower(coalesce(p.name, '')) like $2 escape '!' or coalesce(p.name, '') like $3 escape '!'
                           or lower(coalesce(p.email, '')) like $2 escape '!') as found
from membership m
left join people p on p.person_id = m.person_id
where m.org_id = $1
