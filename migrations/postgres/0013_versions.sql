-- Several versions of portal on one database: what each can read, and what is left to the newer ones.

-- Whether the aggregate is left out only until a version runs that can read its events.
alter table projection_parked add column newer boolean not null default false;

-- Processes that run, as they said themselves. One that was not seen for a minute does not run any more.
create table processes (
    process_id    uuid        primary key,
    version       text        not null, -- of the program, for people
    feature_level bigint      not null, -- of the events that it can read
    started_at    timestamptz not null,
    seen_at       timestamptz not null
);

-- The lowest feature level that can live with this schema. A migration that takes something away, or changes what a
-- column means, raises it: older versions then refuse to start. One that only adds leaves it alone.
create table schema_compat (
    one               bigint primary key check (one = 1),
    min_feature_level bigint not null
);
insert into schema_compat (one, min_feature_level) values (1, 1);

do $$
begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant select, insert, update, delete on processes to portal_app;
        grant select on schema_compat to portal_app;
    end if;
end $$;
