-- Every grant of the people that follow.
select person_id, role, position, granted_at, granted_by, reason, starts_at, begun, until_at, request_id,
       sequence, ending, ended_at, ended_by, ended_reason, ended_position
from platform_grant
where person_id
