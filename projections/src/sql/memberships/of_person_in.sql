-- The membership of the person $1 in the organisation $2, unless that is archived.
select m.org_id, m.person_id, m.role, m.joined_at, o.name, o.slug, o.status, o.reason, o.status_position,
       r.refused_at, v.opened_at
from membership m
join org_detail o on o.org_id = m.org_id
left join first_refusal r on r.org_id = o.org_id and r.position = o.status_position
left join visit v on v.person_id = m.person_id and v.org_id = m.org_id
where m.person_id = $1 and m.org_id = $2 and o.status <> 'archived'
