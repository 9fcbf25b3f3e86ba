-- Revoked grants that were given before the position $1, the last given first, at most $2.
select g.person_id, g.role, g.position, g.granted_at, g.granted_by, g.reason, g.sequence,
       g.revoked_at, g.revoked_by, g.revoked_reason, p.name, p.email
from platform_grant g left join people p on p.person_id = g.person_id
where g.revoked_at is not null and g.position < $1
order by g.position desc
limit $2
