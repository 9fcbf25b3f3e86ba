-- Requests that nobody had decided at the position $1, the oldest first, at most $2.
select r.request_id, r.person_id, r.position, r.sequence, r.role, r.reason, r.starts_at, r.until_at, r.seconds, r.asked_at,
       r.asked_by, r.status, r.settled_at, r.settled_by, r.settled_reason, r.settled_position, p.name, p.email
from grant_request r left join people p on p.person_id = r.person_id
where r.position <= $1 and (r.settled_position is null or r.settled_position > $1)
order by r.position
limit $2
