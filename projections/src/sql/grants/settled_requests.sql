-- Requests that were settled before the position $1, the last settled first, at most $2.
select r.request_id, r.person_id, r.position, r.sequence, r.role, r.reason, r.starts_at, r.until_at, r.seconds, r.asked_at,
       r.asked_by, r.status, r.settled_at, r.settled_by, r.settled_reason, r.settled_position, p.name, p.email
from grant_request r left join people p on p.person_id = r.person_id
where r.settled_position < $1
order by r.settled_position desc
limit $2
