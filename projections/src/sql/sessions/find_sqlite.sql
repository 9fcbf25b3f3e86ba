-- Sessions of the tokens with the hashes $1 (JSON, hexadecimal), with their people and the platform roles those hold.
select s.token_hash, s.session_id, s.created_at, s.last_seen_at, s.idle_at, s.expires_at,
       s.proven_at, s.two_factors,
       p.person_id, p.email, p.name, p.default_org_id,
       (select string_agg(g.role, ',') from platform_grant g
        where g.person_id = s.person_id and g.revoked_at is null) as roles,
       (select max(g.sequence) from platform_grant g
        where g.person_id = s.person_id and g.revoked_at is null) as grant_sequence
from json_each($1) wanted
cross join session s on s.token_hash = unhex(wanted.value)
cross join people p on p.person_id = s.person_id
