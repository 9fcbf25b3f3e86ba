-- The session with the token hash $1 that has not ended by $2, and its person.
select s.session_id, s.created_at, s.last_seen_at, p.person_id, p.email, p.name, p.default_org_id
from session s
join people p on p.person_id = s.person_id
where s.token_hash = $1 and s.idle_at > $2 and s.expires_at > $2
