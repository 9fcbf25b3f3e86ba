-- Notes that the suspension of the organisation $1 at the position $2 kept somebody out at $3, the first time only.
insert into first_refusal (org_id, position, refused_at) values ($1, $2, $3) on conflict do nothing
