-- Parts of names, slugs and ids, three letters each, for searching: by the position from which an organisation was
-- called so, and only where that changed. The first letter is left out, so that names that begin with a text are not
-- among those that have it inside: the index by name has them, in order. Nothing is ever taken out: whoever searches
-- compares what is found with the row as it is now.
create table org_list_parts (
    position bigint primary key,
    search   text   not null
);

-- Up to which position they are taken in: many at a time, when nobody waits. Whoever searches reads the rows behind it.
create table org_list_indexed (
    one      bigint primary key check (one = 1),
    position bigint not null
);
insert into org_list_indexed (one, position) values (1, 0);

-- What was typed into events, 64 of them a row: so few rows that a common text has few places as well. Block 0 begins
-- at position 1. Nothing is ever taken out or changed, as little as in the log.
create table history_parts (
    block bigint primary key,
    words text   not null
);

-- Up to which position they are taken in: whole blocks. Whoever searches reads the rows behind it.
create table history_indexed (
    one      bigint primary key check (one = 1),
    position bigint not null
);
insert into history_indexed (one, position) values (1, 0);

-- Makes the indexes that searching wants, of names, of what was typed into events, and of
-- people; gives whether they are there. The extension comes with Postgres, and whoever owns a database may create
-- it; where it is not installed, searches read every row and find the same.
create function index_parts() returns boolean language plpgsql as $$
declare
    operators text;
begin
    if not exists (select from pg_extension where extname = 'pg_trgm') then
        create extension pg_trgm;
    end if;
    select quote_ident(nspname) || '.gin_trgm_ops' into strict operators
    from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'pg_trgm';
    execute format('create index if not exists org_list_parts_search on org_list_parts using gin (search %s)', operators);
    execute format('create index if not exists history_parts_words on history_parts using gin (words %s)', operators);
    execute format('create index if not exists people_names on people using gin (lower(name) %s)', operators);
    -- lower(), or looking for one address would take this index as well, and read a hundred times as much.
    execute format('create index if not exists people_parts on people using gin (lower(email) %s)', operators);
    return true;
exception
    when insufficient_privilege or feature_not_supported or undefined_file then return false;
end $$;
select index_parts();

do $$
begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant select, insert, update, delete on org_list_parts, org_list_indexed, history_parts, history_indexed
            to portal_app;
    end if;
end $$;
