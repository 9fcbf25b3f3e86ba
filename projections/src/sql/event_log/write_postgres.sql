-- Appends a batch and what stands beside it ($1, statements.rs). A key that its stream holds already, and a person who
-- is there already, stay as they are.
with new_events as (
    insert into events (position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                        recorded_at, leaf_hash)
    select position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload::json, metadata::json,
           timestamptz 'epoch' + recorded_at * interval '1 microsecond', decode(leaf_hash, 'hex')
    from jsonb_to_recordset($1 -> 'events') as e (
        position bigint, aggregate_type text, aggregate_id text, sequence bigint, event_type text, event_version text,
        payload text, metadata text, recorded_at bigint, leaf_hash text)
), new_claims as (
    insert into claims (namespace, key, aggregate_type, aggregate_id, position)
    select * from jsonb_to_recordset($1 -> 'claims') as c (
        namespace text, key text, aggregate_type text, aggregate_id text, position bigint)
    on conflict (namespace, key) do nothing
), new_guards as (
    insert into guards (name, value, floor)
    select * from jsonb_to_recordset($1 -> 'guards') as g (name text, value bigint, floor bigint)
    on conflict (name) do update set value = excluded.value, floor = excluded.floor
), new_commands as (
    insert into commands (command_id, fingerprint, actor, first_position, last_position, sequence)
    select command_id, decode(fingerprint, 'hex'), actor, first_position, last_position, sequence
    from jsonb_to_recordset($1 -> 'commands') as c (
        command_id uuid, fingerprint text, actor text, first_position bigint, last_position bigint, sequence bigint)
), new_people as (
    insert into people (person_id, email, created_at)
    select person_id, email, timestamptz 'epoch' + created_at * interval '1 microsecond'
    from jsonb_to_recordset($1 -> 'people') as p (person_id uuid, email text, created_at bigint)
    on conflict do nothing
), new_passwords as (
    update people set name = j.name, password_hash = j.password_hash
    from jsonb_to_recordset($1 -> 'joined') as j (person_id uuid, name text, password_hash text)
    where people.person_id = j.person_id and people.password_hash is null
)
insert into link (token_hash, purpose, person_id, org_id, invitation_id, created_at, expires_at)
select decode(token_hash, 'hex'), purpose, person_id, org_id, invitation_id,
       timestamptz 'epoch' + created_at * interval '1 microsecond',
       timestamptz 'epoch' + expires_at * interval '1 microsecond'
from jsonb_to_recordset($1 -> 'links') as l (
    token_hash text, purpose text, person_id uuid, org_id uuid, invitation_id uuid, created_at bigint,
    expires_at bigint)
on conflict do nothing -- the same append, asked again what became of it
