-- Grants that hold, superadmins first and then the oldest, at most $1.
select g.person_id, g.role, g.position, g.granted_at, g.granted_by, g.reason, g.sequence,
       g.revoked_at, g.revoked_by, g.revoked_reason, p.name, p.email
from platform_grant g left join people p on p.person_id = g.person_id
where g.revoked_at is null
order by g.role desc, g.position
limit $1
