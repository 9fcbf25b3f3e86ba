-- The event log: every fact, once, in one order, for ever.
-- Claims, guards and commands are functions of it, written in the same transaction.
create table events (
    position       integer primary key check (position > 0),
    aggregate_type text    not null,
    aggregate_id   text    not null,
    sequence       integer not null check (sequence > 0),
    event_type     text    not null,
    event_version  text    not null,
    payload        text    not null check (json_valid(payload)),
    metadata       text    not null check (json_valid(metadata)),
    recorded_at    integer not null, -- microseconds since 1970, never decreasing with position
    leaf_hash      blob    not null check (length(leaf_hash) = 32),
    constraint events_stream unique (aggregate_type, aggregate_id, sequence)
) strict;
create index events_recorded_at on events (recorded_at);

create trigger events_in_order before insert on events
when new.position <> (select coalesce(max(position), 0) + 1 from events)
begin
    select raise(abort, 'events are appended at the next position');
end;
create trigger events_in_sequence before insert on events
when new.sequence <> (select coalesce(max(sequence), 0) + 1 from events
                      where aggregate_type = new.aggregate_type and aggregate_id = new.aggregate_id)
begin
    select raise(abort, 'events are appended at the next sequence of their stream');
end;
create trigger events_in_time before insert on events
when new.recorded_at < (select recorded_at from events order by position desc limit 1)
begin
    select raise(abort, 'recorded_at never goes backwards');
end;
create trigger events_no_update before update on events
begin
    select raise(abort, 'the event log is append-only');
end;
create trigger events_no_delete before delete on events
begin
    select raise(abort, 'the event log is append-only');
end;

create table claims (
    namespace      text    not null,
    key            text    not null,
    aggregate_type text    not null,
    aggregate_id   text    not null,
    position       integer not null,
    primary key (namespace, key)
) strict, without rowid;

create table guards (
    name  text    primary key,
    value integer not null,
    floor integer not null,
    constraint guards_floor check (value >= floor)
) strict, without rowid;

create table commands (
    command_id     blob    primary key,
    fingerprint    blob    not null,
    actor          text    not null,
    first_position integer not null,
    last_position  integer not null,
    sequence       integer not null
) strict, without rowid;
