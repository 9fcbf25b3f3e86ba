-- People with the addresses $1. One by one: where statistics are old, all people would be read.
select p.person_id, p.email, p.name, p.password_hash, p.default_org_id, p.created_at, p.first_sign_in_at
from unnest($1::text[]) as wanted (email)
cross join lateral (select * from people where email = wanted.email limit 1) p
