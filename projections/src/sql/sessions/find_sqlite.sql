-- Sessions of the tokens with the hashes $1 (JSON, hexadecimal), with their people and the platform roles of those that
-- have not ended in the log (role, sequence, beginning and end in microseconds).
select s.token_hash, s.session_id, s.created_at, s.last_seen_at, s.idle_at, s.expires_at,
       s.proven_at, s.two_factors,
       p.person_id, p.email, p.name, p.default_org_id,
       (select json_group_array(json_array(g.role, g.sequence, g.starts_at, g.until_at))
        from platform_grant g where g.person_id = s.person_id and g.ended_at is null) as grants
from json_each($1) wanted
cross join session s on s.token_hash = unhex(wanted.value)
cross join people p on p.person_id = s.person_id
