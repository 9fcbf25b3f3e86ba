-- The last grant of each role to the person $1, superadmin first.
select g.person_id, g.role, g.position, g.granted_at, g.granted_by, g.reason, g.starts_at, g.begun, g.until_at, g.request_id,
       g.sequence, g.ending, g.ended_at, g.ended_by, g.ended_reason, g.ended_position, p.name, p.email
from platform_grant g left join people p on p.person_id = g.person_id
where g.person_id = $1
    and g.position = (select max(l.position) from platform_grant l where l.person_id = $1 and l.role = g.role)
order by g.role desc
