-- What the database knows of time besides its events, in one row; writing it is how a process finds out whether it can.
create table clock (
    one     boolean primary key default true check (one),
    beats   bigint  not null default 0, -- how often somebody tried whether anything can be written
    seen_at timestamptz,                -- the latest moment that a process believed; null where none has said so yet
    jump    text                        -- why time may go back, from when somebody says so until the next event does
);
insert into clock default values;

do $$ begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant select, update on clock to portal_app;
    end if;
end $$;

-- The few events at which time was put right: their metadata say why.
create index events_time_continues on events (position) where metadata ->> 'time_continues' is not null;

-- As in 0001, with the row of 0010 for the advisory lock, and with those events.
create or replace function event_log_check() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
    added record;
    before record;
begin
    perform from log_head for update; -- released when the commit is visible
    select min(position) as first, max(position) as last, count(*) as number into added from new_events;
    if added.number = 0 then return null; end if;
    select coalesce(max(position), 0) as position into before from events where position < added.first;
    if added.first <> before.position + 1 or added.last - added.first + 1 <> added.number then
        raise exception 'events are appended at the next position' using errcode = 'serialization_failure';
    end if;
    if exists (select from (select position, recorded_at, metadata,
                                   lag(recorded_at) over (order by position) as earlier
                            from events where position >= added.first - 1) t
               where t.recorded_at < t.earlier and t.metadata ->> 'time_continues' is null) then
        raise exception 'recorded_at never goes backwards, unless the event says why';
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
