-- In one row, the stored state of everything that a batch touches ($1, statements.rs), and the hash at the
-- position $2; $3 is our clock.
select coalesce(last.position, 0) as position,
       $3 as clock, last.recorded_at as last_at, last.leaf_hash as last_hash, seen_at, jump,
       (select leaf_hash from events where position = $2) as seen_hash,
       (select max(position) from projection) as folded,
       (select min(feature_level) from processes where seen_at > $3 - 60000000) as feature_level,
       (select json_group_array(json_array(w.value ->> 'kind', w.value ->> 'id', coalesce((
                   select max(e.sequence) from events e
                   where e.aggregate_type = w.value ->> 'kind' and e.aggregate_id = w.value ->> 'id'), 0)))
        from json_each($1, '$.streams') w) as streams,
       (select json_group_array(json_array(c.namespace, c.key, c.aggregate_type, c.aggregate_id))
        from json_each($1, '$.claims') w
        cross join claims c on c.namespace = w.value ->> 'namespace' and c.key = w.value ->> 'key') as claims,
       (select json_group_array(json_array(name, value)) from guards) as guards,
       (select json_group_array(json_array(hex(c.command_id), lower(hex(c.fingerprint)), c.actor,
                                           c.first_position, c.last_position, c.sequence))
        from json_each($1, '$.commands') w
        cross join commands c on c.command_id = unhex(w.value)) as commands,
       (select json_group_array(json_array(p.email, hex(p.person_id), json(iif(p.has_password, 'true', 'false'))))
        from (select p.email, p.person_id, p.password_hash is not null as has_password from json_each($1, '$.addresses') w
              cross join people p on p.email = w.value
              union
              select p.email, p.person_id, p.password_hash is not null from json_each($1, '$.people') w
              cross join people p on p.person_id = unhex(w.value)) p) as people
from (values (1)) one
left join (select position, recorded_at, leaf_hash from events order by position desc limit 1) last
left join clock
