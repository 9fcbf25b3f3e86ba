-- Makes the links that follow.
insert into link (token_hash, purpose, person_id, org_id, invitation_id, created_at, expires_at)
