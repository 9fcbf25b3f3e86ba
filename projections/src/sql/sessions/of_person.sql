-- Sessions of the person $1 that have not ended by $2, the last used first.
select session_id, person_id, created_at, last_seen_at, idle_at, expires_at, proven_at, two_factors, address,
       agent
from session
where person_id = $1 and idle_at > $2 and expires_at > $2
order by last_seen_at desc
