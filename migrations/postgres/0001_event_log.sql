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

create function event_log_field(field text) returns bytea
language sql immutable strict set search_path = pg_catalog, pg_temp as $$
    select int4send(octet_length(convert_to(field, 'UTF8'))) || convert_to(field, 'UTF8')
$$;

-- The same bytes as projections/src/event_log/leaf.rs hashes.
create function event_log_leaf(e events) returns bytea
language sql immutable set search_path = public, pg_catalog, pg_temp as $$
    select sha256('\x00'::bytea || convert_to('evlog/v1', 'UTF8') || int8send(e.position)
        || int8send((extract(epoch from e.recorded_at) * 1000000)::bigint) || int8send(e.sequence)
        || event_log_field(e.aggregate_type) || event_log_field(e.aggregate_id)
        || event_log_field(e.event_type) || event_log_field(e.event_version)
        || event_log_field(e.payload::text) || event_log_field(e.metadata::text))
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
    if exists (select from new_events n where n.leaf_hash <> event_log_leaf(n::events)) then
        raise exception 'leaf_hash is not the hash of the event';
    end if;
    if exists (select from new_events n where n.sequence > 1 and not exists (
                   select from events e where e.aggregate_type = n.aggregate_type
                   and e.aggregate_id = n.aggregate_id and e.sequence = n.sequence - 1)) then
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
