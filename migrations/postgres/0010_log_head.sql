-- The row that whoever appends holds until the transaction ends. It was an advisory lock, on which there are no rights:
-- any role that could connect, and only read, could take it and so stop all writing.
create table log_head (
    one boolean primary key default true check (one)
);
insert into log_head default values;

-- The same for whoever makes read models again: what its owner locks, and nobody else can.
create table rebuild_turn ();

do $$ begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant select, update on log_head to portal_app; -- update is the right to lock
    end if;
end $$;

-- As in 0001, with the row for the advisory lock.
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
