-- The next people by id, after one of them: the one order that both engines agree on, and about that in which they came.
select person_id, email, name, password_hash, default_org_id, created_at, first_sign_in_at
from people
where $1 is null or person_id > $1
order by person_id
limit $2
