-- Sessions with their people and the platform roles those hold; the hashes of tokens follow.
select s.token_hash, s.session_id, s.created_at, s.last_seen_at, s.idle_at, s.expires_at,
       p.person_id, p.email, p.name, p.default_org_id,
       (select string_agg(g.role, ',') from platform_grant g
        where g.person_id = s.person_id and g.revoked_at is null) as roles,
       (select max(g.sequence) from platform_grant g
        where g.person_id = s.person_id and g.revoked_at is null) as grant_sequence
from session s
join people p on p.person_id = s.person_id
where s.token_hash
