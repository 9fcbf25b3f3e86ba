-- Makes the person $1 with the address $2 at $3, unless somebody has that address.
insert into people (person_id, email, created_at) values ($1, $2, $3) on conflict do nothing
