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

-- Makes the indexes that searching wants, of names (for which see org_list_name) without their first letter, and of
-- addresses; gives whether they are there. The extension comes with Postgres, and whoever owns a database may create
-- it; where it is not installed, searches read every row and find the same.
create function index_parts() returns boolean language plpgsql as $$
declare
    operators text;
    wanted    record;
begin
    if not exists (select from pg_extension where extname = 'pg_trgm') then
        create extension pg_trgm;
    end if;
    select quote_ident(nspname) || '.gin_trgm_ops' into strict operators
    from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'pg_trgm';
    for wanted in
        select * from (values
            (to_regclass('org_list'), 'org_list_parts', 'substr(search, 2)', 'where valid_to is null'),
            (to_regclass('people'), 'people_parts', 'email', '')
        ) parts (of_table, name, expression, condition)
        where of_table is not null and not exists (
            select from pg_index join pg_class on pg_class.oid = indexrelid
            where indrelid = of_table and relname = name)
    loop
        execute format('create index %I on %s using gin ((%s) %s) %s',
            wanted.name, wanted.of_table, wanted.expression, operators, wanted.condition);
    end loop;
    return true;
exception
    when insufficient_privilege or feature_not_supported or undefined_file then return false;
end $$;
