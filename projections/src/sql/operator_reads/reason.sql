-- Why the session $1 looks at the organisation $2, at the moment $3.
select reason from operator_reason where session_id = $1 and org_id = $2 and until > $3
