-- What pages read. Every row here can be folded again from the events.
--
-- A rebuild runs this text once more, beside the tables that serve: it makes the tables, fills them, and only then
-- makes what stands below the line "When the rows are there", at once instead of row by row.

-- Organisations as intervals of positions: "now" is valid_to is null, "as of p" is valid_from <= p < valid_to.
create table org_list (
    org_id           uuid    not null,
    valid_from       bigint  not null,
    valid_to         bigint,
    name             text    not null,
    name_key         text collate "C" not null, -- the name in lower case: sorted and searched by
    slug             text    not null,
    status           text    not null,
    reason           text,
    protected        boolean not null,
    members          bigint  not null,
    owner_id         uuid,
    owner_joined     boolean not null,
    owner_invitation uuid,
    created_at       timestamptz not null,
    changed_at       timestamptz not null,
    search           text    not null -- name, slug and id in lower case, a line each
);

-- How many organisations there are now: one row, from the first organisation on.
create table org_total (
    one               bigint primary key check (one = 1),
    active            bigint not null,
    active_unowned    bigint not null, -- of these, nobody owns yet
    suspended         bigint not null,
    suspended_unowned bigint not null,
    archived          bigint not null,
    archived_unowned  bigint not null
);

create table org_detail (
    org_id     uuid    not null,
    sequence   bigint  not null,
    name       text    not null,
    slug       text    not null,
    status     text    not null,
    reason     text,
    protected  boolean not null,
    members    bigint  not null,
    created_at timestamptz not null,
    created_by text    not null,
    position   bigint  not null, -- of its first event
    changed_at timestamptz not null,
    status_at  timestamptz not null,
    status_by  text    not null,
    status_position bigint not null, -- of the event that gave it this status
    reinstate_at timestamptz -- while suspended: when that ends by itself
);

-- Every slug that was ever given, so that old ones redirect.
create table org_slug (
    slug     text    not null,
    org_id   uuid    not null,
    position bigint  not null
);

create table membership (
    org_id    uuid    not null,
    person_id uuid    not null,
    role      text    not null,
    joined_at timestamptz not null,
    position  bigint  not null
);

create table invitation (
    invitation_id uuid    not null,
    org_id        uuid    not null,
    person_id     uuid    not null,
    role          text    not null,
    status        text    not null,
    expires_at    timestamptz not null,
    invited_at    timestamptz not null,
    invited_by    text    not null,
    settled_at    timestamptz,
    position      bigint  not null
);

create table platform_grant (
    person_id      uuid    not null,
    role           text    not null,
    position       bigint  not null,
    granted_at     timestamptz not null,
    granted_by     text    not null,
    reason         text    not null,
    starts_at      timestamptz, -- not before; none where it was at once
    begun          boolean not null,
    until_at       timestamptz, -- the first moment after it; none for good
    request_id     uuid,
    sequence       bigint  not null, -- of the person's stream, as last seen
    ending         text,
    ended_at       timestamptz,
    ended_by       text,
    ended_reason   text,
    ended_position bigint
);

-- Roles that were asked for, and what became of it.
create table grant_request (
    request_id       uuid    not null,
    person_id        uuid    not null,
    position         bigint  not null,
    sequence         bigint  not null, -- of the person's stream, as last seen
    role             text    not null,
    reason           text    not null,
    starts_at        timestamptz,
    until_at         timestamptz,
    seconds          bigint, -- so long after it begins, where no moment was asked for
    asked_at         timestamptz not null,
    asked_by         uuid    not null,
    status           text    not null,
    settled_at       timestamptz,
    settled_by       text,
    settled_reason   text,
    settled_position bigint
);

create table resource_type (
    code            text not null,
    type_id         uuid not null, -- made of the code
    label           text not null,
    description     text not null,
    actions         text not null,
    spread          text not null,
    active          boolean not null,
    reason          text,
    sequence        bigint not null,
    position        bigint not null, -- of its first event
    spread_position bigint not null, -- of the event that gave it its spread
    defined_at      timestamptz not null,
    changed_at      timestamptz not null,
    changed_by      text not null
);

create table org_resource_choice (
    org_id          uuid not null,
    code            text not null,
    choice          text, -- none where the policy decides again
    position        bigint not null, -- of the first event about it
    chosen_position bigint not null, -- of the last
    chosen_at       timestamptz not null,
    chosen_by       text not null
);

-- Roles that an organisation made itself, and those that it removed again.
create table org_role (
    org_id     uuid not null,
    name       text not null,
    removed    boolean not null,
    position   bigint not null, -- of the first event about it
    changed_at timestamptz not null,
    changed_by text not null
);

-- In which actions a role differs from what it may by default, by resource type.
create table org_permission (
    org_id           uuid not null,
    role             text not null,
    code             text not null,
    differs          text not null, -- with commas between them
    position         bigint not null, -- of the first event about it
    changed_position bigint not null, -- of the last
    changed_at       timestamptz not null,
    changed_by       text not null
);

create table history (
    position       bigint  not null,
    recorded_at    timestamptz not null,
    aggregate_type text    not null,
    aggregate_id   text    not null,
    sequence       bigint  not null,
    event_type     text collate "C" not null,
    actor          text collate "C" not null,
    org_id         uuid,
    person_id      uuid,
    command_id     uuid    not null,
    correlation_id uuid    not null,
    causation      bigint, -- position of the event that led to it
    reverts        bigint,
    words          text    not null -- what was typed into it, in lower case, a line each
);

-- When the rows are there:
alter table org_list add primary key (org_id, valid_from);
-- With what a search reads of each organisation on its way.
create index org_list_name on org_list (name_key, org_id)
    include (valid_from, search, owner_id, status, owner_joined) where valid_to is null;
create index org_list_created on org_list (created_at, org_id) where valid_to is null;
create index org_list_changed on org_list (changed_at, org_id) where valid_to is null;
create index org_list_members on org_list (members, org_id) where valid_to is null;
create index org_list_owner on org_list (owner_id) where valid_to is null;
-- The few that are asked for by themselves.
create index org_list_status on org_list (status, name_key, org_id) where valid_to is null and status <> 'active';
create index org_list_unowned on org_list (name_key, org_id) where valid_to is null and not owner_joined;
create unique index org_list_position on org_list (valid_from);
alter table org_detail add primary key (org_id);
create index org_detail_reinstate on org_detail (reinstate_at) where reinstate_at is not null;
alter table org_slug add primary key (slug);
alter table membership add primary key (org_id, person_id);
create index membership_person on membership (person_id, org_id);
alter table invitation add primary key (invitation_id);
create index invitation_org on invitation (org_id, position);
create index invitation_person on invitation (person_id, org_id);
alter table platform_grant add primary key (person_id, role, position);
alter table grant_request add primary key (request_id);
create index platform_grant_held on platform_grant (until_at) where ended_at is null;
create index platform_grant_ended on platform_grant (ended_position) where ended_position is not null;
create index grant_request_open on grant_request (position) where settled_position is null;
create index grant_request_person on grant_request (person_id);
create index grant_request_settled on grant_request (settled_position) where settled_position is not null;
alter table resource_type add primary key (code);
alter table org_resource_choice add primary key (org_id, code);
alter table org_role add primary key (org_id, name);
alter table org_permission add primary key (org_id, role, code);
create index org_permission_code on org_permission (code) where differs <> '';
create index org_resource_choice_code on org_resource_choice (code) where choice is not null;
create index org_detail_position on org_detail (position) where status <> 'archived';
create unique index resource_type_id on resource_type (type_id);
alter table history add primary key (position);
create index history_org on history (org_id, position) where org_id is not null;
create index history_actor on history (actor, position);
create index history_type on history (event_type, position);
create index history_correlation on history (correlation_id, position);
-- Whatever is about an organisation is found by that.
create index history_stream on history (aggregate_id, position) where org_id is null;
create index history_causation on history (causation, position) where causation is not null;
create index history_reverting on history (position) where reverts is not null;
create index history_reverted on history (reverts) where reverts is not null;

do $$
begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant select, insert, update, delete
            on org_list, org_total, org_detail, org_slug, membership, invitation, platform_grant, grant_request, resource_type,
               org_resource_choice, org_role, org_permission, history
            to portal_app;
    end if;
end $$;

-- The second wall: portal_tenant sees the rows of its own organisation, whatever a statement asks for.
do $$
declare
    held text;
begin
    if exists (select from pg_roles where rolname = 'portal_tenant') then
        grant select on resource_type to portal_tenant; -- the same for all
    end if;
    foreach held in array array['org_list', 'org_detail', 'org_slug', 'membership', 'invitation', 'org_resource_choice', 'org_role',
                               'org_permission', 'history'] loop
        execute format('alter table %I enable row level security', held);
        if exists (select from pg_roles where rolname = 'portal_app') then
            execute format('create policy everything on %I to portal_app using (true)', held);
        end if;
        if exists (select from pg_roles where rolname = 'portal_tenant') then
            execute format('create policy its_own on %I for select to portal_tenant using (org_id = tenant())', held);
            execute format('grant select on %I to portal_tenant', held);
        end if;
    end loop;
end $$;
