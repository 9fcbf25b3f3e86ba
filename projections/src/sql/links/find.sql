-- The link with the token hash $1 for the purpose $2.
select purpose, person_id, org_id, invitation_id, created_at, expires_at, used_at
from link
where token_hash = $1 and purpose = $2
