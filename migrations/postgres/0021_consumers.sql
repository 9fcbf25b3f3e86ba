-- How far each consumer of the log has acted on it. It is no read model: folding everything again leaves it alone.
create table consumer (
    name      text primary key,
    position  bigint not null, -- everything up to here was acted on
    error     text,            -- why the last attempt failed, until one succeeds …
    failed_at timestamptz      -- … and when
);

do $$
begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant select, insert, update on consumer to portal_app;
    end if;
end $$;
