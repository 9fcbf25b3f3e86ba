-- Organisations of the person $1 that are not archived and match the pattern $2, at most $3: the last opened
-- first, suspended ones last.
select m.org_id, m.person_id, m.role, m.joined_at, o.name, o.slug, o.status, o.reason, o.status_position,
       r.refused_at, v.opened_at
from membership m
join org_detail o on o.org_id = m.org_id
left join first_refusal r on r.org_id = o.org_id and r.position = o.status_position
left join visit v on v.person_id = m.person_id and v.org_id = m.org_id
where m.person_id = $1 and o.status <> 'archived'
  and (lower(o.name) like $2 escape '!' or o.slug like $2 escape '!')
order by o.status, v.opened_at is null, v.opened_at desc, lower(o.name), o.slug
limit $3
