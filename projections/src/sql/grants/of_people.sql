-- Every grant of the people that follow.
select person_id, role, position, granted_at, granted_by, reason, sequence, revoked_at, revoked_by, revoked_reason
from platform_grant
where person_id
