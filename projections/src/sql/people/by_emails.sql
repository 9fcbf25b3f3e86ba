-- People; their addresses follow.
select person_id, email, name, password_hash, default_org_id, created_at, first_sign_in_at
from people
where email
