-- Makes the roles that are missing, as the first migration does, and lets this user act as them, where it may: a database
-- that was restored into another cluster comes without them.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['portal_app', 'portal_tenant', 'portal_reader'] loop
        begin
            if not exists (select from pg_roles where rolname = wanted) then
                execute format('create role %I nologin', wanted);
            end if;
            if wanted <> 'portal_reader' and not (select rolsuper from pg_roles where rolname = current_user)
               and not pg_has_role(current_user, wanted, 'member') then
                execute format('grant %I to %I', wanted, current_user);
            end if;
        exception
            when duplicate_object or unique_violation then null; -- another process was quicker
            when insufficient_privilege then null; -- what that costs is said after it
        end;
    end loop;
end $$
