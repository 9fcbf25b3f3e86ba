-- Grants that had not ended at the position $1, superadmins first and then the oldest, at most $2.
select g.person_id, g.role, g.position, g.granted_at, g.granted_by, g.reason, g.starts_at, g.begun, g.until_at, g.request_id,
       g.sequence, g.ending, g.ended_at, g.ended_by, g.ended_reason, g.ended_position, p.name, p.email
from platform_grant g left join people p on p.person_id = g.person_id
where g.position <= $1 and (g.ended_position is null or g.ended_position > $1)
order by g.role desc, g.position
limit $2
