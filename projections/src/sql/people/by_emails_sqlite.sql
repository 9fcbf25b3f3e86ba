-- People with the addresses $1 (JSON).
select p.person_id, p.email, p.name, p.password_hash, p.default_org_id, p.created_at, p.first_sign_in_at
from json_each($1) wanted
cross join people p on p.email = wanted.value
