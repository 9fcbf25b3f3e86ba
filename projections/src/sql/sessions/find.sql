-- The session with the token hash $1 that has not ended by $2, its person, and the platform roles they hold.
select s.session_id, s.created_at, s.last_seen_at, p.person_id, p.email, p.name, p.default_org_id,
       string_agg(g.role, ',') as roles, max(g.sequence) as grant_sequence
from session s
join people p on p.person_id = s.person_id
left join platform_grant g on g.person_id = s.person_id and g.revoked_at is null
where s.token_hash = $1 and s.idle_at > $2 and s.expires_at > $2
group by s.session_id, p.person_id
