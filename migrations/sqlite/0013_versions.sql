-- Several versions of portal on one database: what each can read, and what is left to the newer ones.

-- Whether the aggregate is left out only until a version runs that can read its events.
alter table projection_parked add column newer integer not null default 0;

-- Processes that run, as they said themselves. One that was not seen for a minute does not run any more.
create table processes (
    process_id    blob    primary key,
    version       text    not null, -- of the program, for people
    feature_level integer not null, -- of the events that it can read
    started_at    integer not null,
    seen_at       integer not null
) strict, without rowid;

-- The lowest feature level that can live with this schema. A migration that takes something away, or changes what a
-- column means, raises it: older versions then refuse to start. One that only adds leaves it alone.
create table schema_compat (
    one               integer primary key check (one = 1),
    min_feature_level integer not null
) strict;
insert into schema_compat (one, min_feature_level) values (1, 1);
