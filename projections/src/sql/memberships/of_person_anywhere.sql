-- Organisations of the person $1 that are not archived, at most $2: name, role, and whether they are protected.
select o.name, m.role, o.protected
from membership m
join org_detail o on o.org_id = m.org_id
where m.person_id = $1 and o.status <> 'archived'
order by o.protected, lower(o.name), o.slug
limit $2
