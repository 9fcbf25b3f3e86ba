-- Says that the session $1 looks at the organisation $2 because of $3, until $4.
insert into operator_reason (session_id, org_id, reason, until) values ($1, $2, $3, $4)
on conflict (session_id, org_id) do update set reason = excluded.reason, until = excluded.until
