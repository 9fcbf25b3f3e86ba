-- Sessions of the tokens with the hashes $1, with their people and the platform roles of those that have not ended in
-- the log (role, sequence, beginning and end in microseconds). One by one: a join would read all people where statistics
-- are old.
select s.token_hash, s.session_id, s.created_at, s.last_seen_at, s.idle_at, s.expires_at,
       s.proven_at, s.two_factors,
       p.person_id, p.email, p.name, p.default_org_id,
       (select coalesce(json_agg(json_build_array(
                   g.role, g.sequence, (extract(epoch from g.starts_at) * 1000000)::bigint,
                   (extract(epoch from g.until_at) * 1000000)::bigint)), '[]')
        from platform_grant g where g.person_id = s.person_id and g.ended_at is null) as grants
from unnest($1::bytea[]) as wanted (token_hash)
cross join lateral (select * from session where token_hash = wanted.token_hash limit 1) s
cross join lateral (select * from people where person_id = s.person_id limit 1) p
