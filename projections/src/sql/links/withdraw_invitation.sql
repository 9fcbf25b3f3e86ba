-- Takes back the links to the invitation $1. Their rows stay, since they say when the first one was made.
update link set expires_at = created_at where invitation_id = $1 and used_at is null
