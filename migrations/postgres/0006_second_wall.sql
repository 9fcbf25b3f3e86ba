-- What operators looked at: each read of an organisation's own data through the platform scope. Not among the events,
-- since nothing follows from it.
create table operator_read (
    read_id   uuid        primary key, -- sorts by time
    at        timestamptz not null,
    person_id uuid        not null,
    org_id    uuid, -- none: a list of all
    page      text        not null, -- the pattern of its route
    reason    text -- why, where it was said
);
create index operator_read_org on operator_read (org_id, read_id) where org_id is not null;
create index operator_read_person on operator_read (person_id, at);
create index operator_read_export on operator_read (read_id)
    where page like '/admin/history/export?%' or page = '/admin/history/proof/checkpoints';

-- Why somebody looks at an organisation, as long as it holds.
create table operator_reason (
    session_id uuid        not null,
    org_id     uuid        not null,
    reason     text        not null,
    until      timestamptz not null,
    primary key (session_id, org_id)
);

-- The second wall, in front of what 0003 does not have. Names are looked up when they are needed (plpgsql), since a
-- rebuild puts other tables in the place of these.
create function tenant_has_event(place bigint) returns boolean language plpgsql stable as $$
begin
    return exists (select from public.history h where h.position = place and h.org_id = public.tenant());
end $$;
create function tenant_knows(person uuid) returns boolean language plpgsql stable as $$
begin
    return exists (select from public.membership m where m.person_id = person and m.org_id = public.tenant())
        or exists (select from public.invitation i where i.person_id = person and i.org_id = public.tenant());
end $$;

do $$
declare
    held text;
begin
    foreach held in array array['events', 'people', 'visit', 'link', 'first_refusal', 'operator_read', 'operator_reason'] loop
        execute format('alter table %I enable row level security', held);
        if exists (select from pg_roles where rolname = 'portal_app') then
            execute format('create policy everything on %I to portal_app using (true)', held);
        end if;
    end loop;
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant select, insert on operator_read to portal_app;
        grant select, insert, update, delete on operator_reason to portal_app;
    end if;
    if exists (select from pg_roles where rolname = 'portal_tenant') then
        create policy its_own on events for select to portal_tenant using (tenant_has_event(position));
        create policy its_own on people for select to portal_tenant using (tenant_knows(person_id));
        create policy its_own on operator_read for select to portal_tenant using (org_id = tenant());
        grant usage on schema public to portal_tenant;
        grant select on events, operator_read to portal_tenant;
        grant select (person_id, email, name, first_sign_in_at) on people to portal_tenant;
        if not (select rolsuper from pg_roles where rolname = current_user) then
            begin
                execute format('grant portal_tenant to %I', current_user);
            exception
                when unique_violation then null; -- another migration of this cluster was quicker
                when insufficient_privilege then
                    raise notice 'portal_tenant is not ours to use; only the statements keep tenants apart';
            end;
        end if;
    end if;
end $$;
