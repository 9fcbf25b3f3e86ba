-- How far each projection has read, and which aggregates it could not fold.
create table projection (
    name     text    not null,
    version  bigint  not null,
    position bigint  not null default 0,
    error    text, -- why it stands still, where it does
    primary key (name, version)
) with (fillfactor = 50);

create table projection_parked (
    name           text   not null,
    version        bigint not null,
    aggregate_type text   not null,
    aggregate_id   text   not null,
    from_position  bigint not null,
    error          text   not null,
    primary key (name, version, aggregate_type, aggregate_id)
);

-- When each batch was folded: a position became readable with the first batch that reaches it.
create table projection_log (
    position  bigint      primary key,
    folded_at timestamptz not null
);
