-- The invitations that follow.
select invitation_id, org_id, person_id, role, status, expires_at, invited_at, invited_by, settled_at, position
from invitation
where invitation_id
