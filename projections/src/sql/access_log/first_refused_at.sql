-- When the suspension of the organisation $1 at the position $2 first kept somebody out.
select refused_at from first_refusal where org_id = $1 and position = $2
