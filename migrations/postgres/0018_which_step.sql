-- Whoever compares the walls of this database asks whether a newer version has changed it, with the rights that serve.
do $$
begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant select on _sqlx_migrations to portal_app;
    end if;
end $$;
