-- In one row, the stored state of everything that a batch touches ($1, statements.rs), and the hash at the
-- position $2. It runs after the lock was taken, since it must see what
-- the lock waited for. Each subquery looks up one row by its key, and never joins.
select coalesce(last.position, 0) as position,
       clock_timestamp() as clock, last.recorded_at as last_at, last.leaf_hash as last_hash, seen_at, jump,
       (select leaf_hash from events where position = $2) as seen_hash,
       (select max(position) from projection) as folded,
       (select min(feature_level) from processes
        where seen_at > clock_timestamp() - interval '60 seconds') as feature_level,
       (select coalesce(json_agg(json_build_array(s.kind, s.id, coalesce((
                   select e.sequence from events e
                   where e.aggregate_type = s.kind and e.aggregate_id = s.id
                   order by e.sequence desc limit 1), 0))), '[]')
        from jsonb_to_recordset($1 -> 'streams') as s (kind text, id text)) as streams,
       (select coalesce(json_agg(json_build_array(w.namespace, w.key, c.aggregate_type, c.aggregate_id)), '[]')
        from jsonb_to_recordset($1 -> 'claims') as w (namespace text, key text),
             lateral (select * from claims where namespace = w.namespace and key = w.key limit 1) c) as claims,
       (select coalesce(json_agg(json_build_array(name, value)), '[]') from guards) as guards,
       (select coalesce(json_agg(json_build_array(c.command_id, encode(c.fingerprint, 'hex'), c.actor,
                                                  c.first_position, c.last_position, c.sequence)), '[]')
        from jsonb_array_elements_text($1 -> 'commands') w,
             lateral (select * from commands where command_id = w::uuid limit 1) c) as commands,
       (select coalesce(json_agg(json_build_array(p.email, p.person_id, p.has_password)), '[]')
        from (select p.email, p.person_id, p.password_hash is not null as has_password from jsonb_array_elements_text($1 -> 'addresses') w,
                     lateral (select * from people where email = w limit 1) p
              union
              select p.email, p.person_id, p.password_hash is not null from jsonb_array_elements_text($1 -> 'people') w,
                     lateral (select * from people where person_id = w::uuid limit 1) p) p) as people
from (values (1)) one
left join (select position, recorded_at, leaf_hash from events order by position desc limit 1) last on true
left join clock on true
