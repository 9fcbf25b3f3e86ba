-- The row that whoever appends holds until the transaction ends. It was an advisory lock, on which there are no rights:
-- any role that could connect, and only read, could take it and so stop all writing. The trigger of 0014 takes it as well.
create table log_head (
    one boolean primary key default true check (one)
);
insert into log_head default values;

-- The same for whoever makes read models again: what its owner locks, and nobody else can.
create table rebuild_turn ();

do $$ begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant select, update on log_head to portal_app; -- update is the right to lock
    end if;
end $$;
