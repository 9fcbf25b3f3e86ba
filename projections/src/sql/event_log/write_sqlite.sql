-- Appends a batch and what stands beside it ($1, statements.rs). A key that its stream holds already, and a person who
-- is there already, stay as they are.
insert into events (position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                    recorded_at, leaf_hash)
select value ->> 'position', value ->> 'aggregate_type', value ->> 'aggregate_id', value ->> 'sequence',
       value ->> 'event_type', value ->> 'event_version', value ->> 'payload', value ->> 'metadata',
       value ->> 'recorded_at', unhex(value ->> 'leaf_hash')
from json_each($1, '$.events');
insert into claims (namespace, key, aggregate_type, aggregate_id, position)
select value ->> 'namespace', value ->> 'key', value ->> 'aggregate_type', value ->> 'aggregate_id',
       value ->> 'position'
from json_each($1, '$.claims')
where true -- or "on conflict" would be read as a join
on conflict (namespace, key) do nothing;
insert into guards (name, value, floor)
select value ->> 'name', value ->> 'value', value ->> 'floor'
from json_each($1, '$.guards')
where true
on conflict (name) do update set value = excluded.value, floor = excluded.floor;
insert into commands (command_id, fingerprint, actor, first_position, last_position, sequence)
select unhex(value ->> 'command_id'), unhex(value ->> 'fingerprint'), value ->> 'actor', value ->> 'first_position',
       value ->> 'last_position', value ->> 'sequence'
from json_each($1, '$.commands');
insert into people (person_id, email, created_at)
select unhex(value ->> 'person_id'), value ->> 'email', value ->> 'created_at'
from json_each($1, '$.people')
where true
on conflict do nothing;
update people set name = j.value ->> 'name', password_hash = j.value ->> 'password_hash'
from json_each($1, '$.joined') j
where people.person_id = unhex(j.value ->> 'person_id') and people.password_hash is null;
insert into link (token_hash, purpose, person_id, org_id, invitation_id, created_at, expires_at)
select unhex(value ->> 'token_hash'), value ->> 'purpose', unhex(value ->> 'person_id'), unhex(value ->> 'org_id'),
       unhex(value ->> 'invitation_id'), value ->> 'created_at', value ->> 'expires_at'
from json_each($1, '$.links')
where true
on conflict do nothing; -- the same append, asked again what became of it
