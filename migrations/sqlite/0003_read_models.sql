-- What pages read. Every row here can be folded again from the events.
--
-- A rebuild runs this text once more, beside the tables that serve: it makes the tables, fills them, and only then
-- makes what stands below the line "When the rows are there", at once instead of row by row.

-- Organisations as intervals of positions: "now" is valid_to is null, "as of p" is valid_from <= p < valid_to.
create table org_list (
    org_id           blob    not null,
    valid_from       integer not null,
    valid_to         integer,
    name             text    not null,
    name_key         text    not null, -- the name in lower case: sorted and searched by
    slug             text    not null,
    status           text    not null,
    reason           text,
    protected        integer not null,
    members          integer not null,
    owner_id         blob,
    owner_joined     integer not null,
    owner_invitation blob,
    created_at       integer not null,
    changed_at       integer not null,
    search           text    not null, -- name, slug and id in lower case, a line each
    primary key (org_id, valid_from)
) strict;

-- How many organisations there are now: one row, from the first organisation on.
create table org_total (
    one               integer primary key check (one = 1),
    active            integer not null,
    active_unowned    integer not null, -- of these, nobody owns yet
    suspended         integer not null,
    suspended_unowned integer not null,
    archived          integer not null,
    archived_unowned  integer not null
) strict;

create table org_detail (
    org_id     blob    primary key,
    sequence   integer not null,
    name       text    not null,
    slug       text    not null,
    status     text    not null,
    reason     text,
    protected  integer not null,
    members    integer not null,
    created_at integer not null,
    created_by text    not null,
    position   integer not null, -- of its first event
    changed_at integer not null,
    status_at  integer not null,
    status_by  text    not null,
    status_position integer not null, -- of the event that gave it this status
    reinstate_at integer -- while suspended: when that ends by itself
) strict;

-- Every slug that was ever given, so that old ones redirect.
create table org_slug (
    slug     text    primary key,
    org_id   blob    not null,
    position integer not null
) strict, without rowid;

create table membership (
    org_id    blob    not null,
    person_id blob    not null,
    role      text    not null,
    joined_at integer not null,
    position  integer not null,
    primary key (org_id, person_id)
) strict;

create table invitation (
    invitation_id blob    primary key,
    org_id        blob    not null,
    person_id     blob    not null,
    role          text    not null,
    status        text    not null,
    expires_at    integer not null,
    invited_at    integer not null,
    invited_by    text    not null,
    settled_at    integer,
    position      integer not null
) strict;

create table platform_grant (
    person_id      blob    not null,
    role           text    not null,
    position       integer not null,
    granted_at     integer not null,
    granted_by     text    not null,
    reason         text    not null,
    starts_at      integer, -- not before; none where it was at once
    begun          integer not null,
    until_at       integer, -- the first moment after it; none for good
    request_id     blob,
    sequence       integer not null, -- of the person's stream, as last seen
    ending         text,
    ended_at       integer,
    ended_by       text,
    ended_reason   text,
    ended_position integer,
    primary key (person_id, role, position)
) strict;

-- Roles that were asked for, and what became of it.
create table grant_request (
    request_id       blob    primary key,
    person_id        blob    not null,
    position         integer not null,
    sequence         integer not null, -- of the person's stream, as last seen
    role             text    not null,
    reason           text    not null,
    starts_at        integer,
    until_at         integer,
    seconds          integer, -- so long after it begins, where no moment was asked for
    asked_at         integer not null,
    asked_by         blob    not null,
    status           text    not null,
    settled_at       integer,
    settled_by       text,
    settled_reason   text,
    settled_position integer
) strict;

create table resource_type (
    code            text primary key,
    type_id         blob not null, -- made of the code
    label           text not null,
    description     text not null,
    actions         text not null,
    spread          text not null,
    active          integer not null,
    reason          text,
    sequence        integer not null,
    position        integer not null, -- of its first event
    spread_position integer not null, -- of the event that gave it its spread
    defined_at      integer not null,
    changed_at      integer not null,
    changed_by      text not null
) strict;

create table org_resource_choice (
    org_id          blob not null,
    code            text not null,
    choice          text, -- none where the policy decides again
    position        integer not null, -- of the first event about it
    chosen_position integer not null, -- of the last
    chosen_at       integer not null,
    chosen_by       text not null,
    primary key (org_id, code)
) strict;

-- Roles that an organisation made itself, and those that it removed again.
create table org_role (
    org_id     blob not null,
    name       text not null,
    removed    integer not null,
    position   integer not null, -- of the first event about it
    changed_at integer not null,
    changed_by text not null,
    primary key (org_id, name)
) strict;

-- In which actions a role differs from what it may by default, by resource type.
create table org_permission (
    org_id           blob not null,
    role             text not null,
    code             text not null,
    differs          text not null, -- with commas between them
    position         integer not null, -- of the first event about it
    changed_position integer not null, -- of the last
    changed_at       integer not null,
    changed_by       text not null,
    primary key (org_id, role, code)
) strict;

create table history (
    position       integer primary key,
    recorded_at    integer not null,
    aggregate_type text    not null,
    aggregate_id   text    not null,
    sequence       integer not null,
    event_type     text    not null,
    actor          text    not null,
    org_id         blob,
    person_id      blob,
    command_id     blob    not null,
    correlation_id blob    not null,
    causation      integer, -- position of the event that led to it
    reverts        integer,
    words          text    not null -- what was typed into it, in lower case, a line each
) strict;

-- When the rows are there:
-- With what a search reads of each organisation on its way.
create index org_list_name on org_list (name_key, org_id, search, owner_id, status, owner_joined)
    where valid_to is null;
create index org_list_created on org_list (created_at, org_id) where valid_to is null;
create index org_list_changed on org_list (changed_at, org_id) where valid_to is null;
create index org_list_members on org_list (members, org_id) where valid_to is null;
create index org_list_owner on org_list (owner_id) where valid_to is null;
-- The few that are asked for by themselves.
create index org_list_status on org_list (status, name_key, org_id) where valid_to is null and status <> 'active';
create index org_list_unowned on org_list (name_key, org_id) where valid_to is null and not owner_joined;
create unique index org_list_position on org_list (valid_from);
create index org_detail_reinstate on org_detail (reinstate_at) where reinstate_at is not null;
create index membership_person on membership (person_id, org_id);
create index invitation_org on invitation (org_id, position);
create index invitation_person on invitation (person_id, org_id);
create index platform_grant_held on platform_grant (until_at) where ended_at is null;
create index platform_grant_ended on platform_grant (ended_position) where ended_position is not null;
create index org_permission_code on org_permission (code) where differs <> '';
create index org_resource_choice_code on org_resource_choice (code) where choice is not null;
create index org_detail_position on org_detail (position) where status <> 'archived';
create unique index resource_type_id on resource_type (type_id);
create index grant_request_open on grant_request (position) where settled_position is null;
create index grant_request_person on grant_request (person_id);
create index grant_request_settled on grant_request (settled_position) where settled_position is not null;
create index history_org on history (org_id, position) where org_id is not null;
create index history_actor on history (actor, position);
create index history_type on history (event_type, position);
create index history_correlation on history (correlation_id, position);
-- Whatever is about an organisation is found by that.
create index history_stream on history (aggregate_id, position) where org_id is null;
create index history_causation on history (causation, position) where causation is not null;
create index history_reverting on history (position) where reverts is not null;
create index history_reverted on history (reverts) where reverts is not null;
