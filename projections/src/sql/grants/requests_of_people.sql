-- Every request for the people that follow.
select request_id, person_id, position, sequence, role, reason, starts_at, until_at, seconds, asked_at,
       asked_by, status, settled_at, settled_by, settled_reason, settled_position
from grant_request
where person_id
