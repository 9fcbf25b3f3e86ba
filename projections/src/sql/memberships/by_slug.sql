-- The membership of the person $1 in the organisation that has or had the slug $2.
select m.org_id, m.person_id, m.role, m.joined_at, o.name, o.slug, o.status, o.reason, o.status_position,
       r.refused_at, v.opened_at
from org_slug s
join membership m on m.org_id = s.org_id and m.person_id = $1
join org_detail o on o.org_id = s.org_id
left join first_refusal r on r.org_id = o.org_id and r.position = o.status_position
left join visit v on v.person_id = m.person_id and v.org_id = m.org_id
where s.slug = $2 and o.status <> 'archived'
