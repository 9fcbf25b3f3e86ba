-- The event log: every fact, once, in one order, for ever.
-- Claims, guards and commands are functions of it, written in the same transaction.
-- The table has the columns that postgres-es reads, and position, recorded_at and leaf_hash.
create table events (
    position       bigint      primary key check (position > 0),
    aggregate_type text        not null,
    aggregate_id   text        not null,
    sequence       bigint      not null check (sequence > 0),
    event_type     text        not null,
    event_version  text        not null,
    payload        json        not null, -- json, not jsonb: it keeps the bytes that were hashed
    metadata       json        not null,
    recorded_at    timestamptz not null, -- this database's clock, never decreasing with position
    leaf_hash      bytea       not null check (octet_length(leaf_hash) = 32),
    constraint events_stream unique (aggregate_type, aggregate_id, sequence)
);
create index events_recorded_at on events (recorded_at);

-- The same bytes as projections/src/event_log/leaf.rs hashes. One expression without search_path or helpers, and called
-- stable, as convert_to is, so that Postgres puts it in place of the call: eight times as fast.
create function event_log_leaf(
    place bigint, at timestamptz, sequence bigint, kind text, id text, event_type text, event_version text,
    payload text, metadata text
) returns bytea
language sql stable as $$
    select sha256('\x00'::bytea || convert_to('evlog/v1', 'UTF8') || int8send(place)
        || int8send((extract(epoch from at) * 1000000)::bigint) || int8send(sequence)
        || int4send(octet_length(kind)) || convert_to(kind, 'UTF8')
        || int4send(octet_length(id)) || convert_to(id, 'UTF8')
        || int4send(octet_length(event_type)) || convert_to(event_type, 'UTF8')
        || int4send(octet_length(event_version)) || convert_to(event_version, 'UTF8')
        || int4send(octet_length(payload)) || convert_to(payload, 'UTF8')
        || int4send(octet_length(metadata)) || convert_to(metadata, 'UTF8'))
$$;

-- For whoever looks: select position from events e where leaf_hash <> event_log_leaf(e)
create function event_log_leaf(e events) returns bytea
language sql stable as $$
    select public.event_log_leaf(e.position, e.recorded_at, e.sequence, e.aggregate_type, e.aggregate_id, e.event_type,
                                 e.event_version, e.payload::text, e.metadata::text)
$$;

-- The second wall behind the writer: whoever inserts, with whatever statement, gets one order or an error.
create function event_log_check() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
    added record;
    before record;
begin
    perform pg_advisory_xact_lock(4995148757353588224); -- released when the commit is visible
    select min(position) as first, max(position) as last, count(*) as number into added from new_events;
    if added.number = 0 then return null; end if;
    select coalesce(max(position), 0) as position into before from events where position < added.first;
    if added.first <> before.position + 1 or added.last - added.first + 1 <> added.number then
        raise exception 'events are appended at the next position' using errcode = 'serialization_failure';
    end if;
    if exists (select from (select position, recorded_at, lag(recorded_at) over (order by position) as earlier
                            from events where position >= added.first - 1) t
               where t.recorded_at < t.earlier) then
        raise exception 'recorded_at never goes backwards';
    end if;
    if exists (select from new_events n where n.leaf_hash <> event_log_leaf(
                   n.position, n.recorded_at, n.sequence, n.aggregate_type, n.aggregate_id, n.event_type,
                   n.event_version, n.payload::text, n.metadata::text)) then
        raise exception 'leaf_hash is not the hash of the event';
    end if;
    if exists (select from new_events n where n.sequence > 1 and ( -- a lookup for each row, never a join
                   select e.position from events e where e.aggregate_type = n.aggregate_type
                   and e.aggregate_id = n.aggregate_id and e.sequence = n.sequence - 1) is null) then
        raise exception 'events are appended at the next sequence of their stream';
    end if;
    perform pg_notify('events', '');
    return null;
end $$;
create trigger events_check after insert on events
    referencing new table as new_events for each statement execute function event_log_check();

create function event_log_refuse() returns trigger
language plpgsql as $$
begin
    raise exception 'the event log is append-only';
end $$;
create trigger events_no_change before update or delete on events for each row execute function event_log_refuse();
create trigger events_no_truncate before truncate on events for each statement execute function event_log_refuse();
alter table events enable always trigger events_check;
alter table events enable always trigger events_no_change;
alter table events enable always trigger events_no_truncate;

create table claims (
    namespace      text   not null,
    key            text   not null,
    aggregate_type text   not null,
    aggregate_id   text   not null,
    position       bigint not null,
    primary key (namespace, key)
);

create table guards (
    name  text   primary key,
    value bigint not null,
    floor bigint not null,
    constraint guards_floor check (value >= floor)
);

create table commands (
    command_id     uuid   primary key,
    fingerprint    bytea  not null,
    actor          text   not null,
    first_position bigint not null,
    last_position  bigint not null,
    sequence       bigint not null
);

-- The role that serves, which can add to the log and never change it; the one that reads for one organisation; and the
-- one that other programs read the views of 0007 as.
do $$
declare
    made text;
begin
    foreach made in array array['portal_app', 'portal_tenant', 'portal_reader'] loop
        if not exists (select from pg_roles where rolname = made) then
            begin
                execute format('create role %I nologin', made);
            exception
                when duplicate_object or unique_violation then null; -- another migration of this cluster was quicker
                when insufficient_privilege then
                    raise notice '% was not made: this user may not create roles', made;
            end;
        end if;
    end loop;
end $$;

-- The organisation whose rows portal_tenant sees, as its transaction says; none where it says nothing.
create function tenant() returns uuid language sql stable parallel safe as $$
    select nullif(current_setting('portal.org', true), '')::uuid
$$;
