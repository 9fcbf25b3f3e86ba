-- Grants that are over or have begun at $1, and of which the log does not know it, the oldest first, at most $2.
select person_id, role, position, coalesce(until_at <= $1, false) as over
from platform_grant
where ended_at is null and (until_at <= $1 or (not begun and starts_at <= $1))
order by position
limit $2
