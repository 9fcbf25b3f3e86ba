-- How far each projection has read, and which aggregates it could not fold.
create table projection (
    name     text    not null,
    version  integer not null,
    position integer not null default 0,
    error    text, -- why it stands still, where it does
    primary key (name, version)
) strict, without rowid;

create table projection_parked (
    name           text    not null,
    version        integer not null,
    aggregate_type text    not null,
    aggregate_id   text    not null,
    from_position  integer not null,
    error          text    not null,
    primary key (name, version, aggregate_type, aggregate_id)
) strict, without rowid;

-- When each batch was folded: a position became readable with the first batch that reaches it.
create table projection_log (
    position  integer primary key,
    folded_at integer not null
) strict;
