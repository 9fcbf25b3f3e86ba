-- Notes that the person $1 opened the organisation $2 at $3.
insert into visit (person_id, org_id, opened_at) values ($1, $2, $3)
on conflict (person_id, org_id) do update set opened_at = excluded.opened_at
