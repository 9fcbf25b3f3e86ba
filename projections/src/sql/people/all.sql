-- Everybody, by id: the one order that both engines agree on, and about the order in which they came.
select person_id, email, name, password_hash, default_org_id, created_at, first_sign_in_at
from people
order by person_id
