-- Long aggregates as they were at some sequence, so that they need not be folded from their first events. They say what
-- the events say and nothing else: whoever removes them loses time only.
create table snapshots (
    aggregate_type text   not null,
    aggregate_id   text   not null,
    fold           bigint not null, -- version of what folded it: another one does not read it
    sequence       bigint not null check (sequence > 0),
    leaf_hash      bytea  not null check (octet_length(leaf_hash) = 32), -- of the event at that sequence
    state          bytea  not null,
    primary key (aggregate_type, aggregate_id, fold)
);
-- Ids are most of it, and nothing makes them shorter.
alter table snapshots alter column state set storage external;

-- Of all organisations, so in front of the second wall there is nothing for a tenant.
alter table snapshots enable row level security;

do $$
begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        create policy everything on snapshots to portal_app using (true);
        grant select, insert, update, delete on snapshots to portal_app;
    end if;
end $$;
