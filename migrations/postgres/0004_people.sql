-- People, how they sign in, and what was refused. None of it is in the event log, so it can be erased.
create table people (
    person_id        uuid        primary key,
    email            text        not null unique,
    name             text,
    password_hash    text,
    default_org_id   uuid,
    created_at       timestamptz not null,
    first_sign_in_at timestamptz
);

create table session (
    session_id   uuid        primary key,
    token_hash   bytea       not null unique, -- SHA-256 of the cookie's value
    person_id    uuid        not null,
    created_at   timestamptz not null,
    last_seen_at timestamptz not null,
    idle_at      timestamptz not null, -- ends here unless it is used before
    expires_at   timestamptz not null, -- ends here in any case
    proven_at    timestamptz not null, -- when this person last proved who they are
    two_factors  boolean     not null, -- whether by more than a password
    address      text,
    agent        text
);
create index session_person on session (person_id);

-- When somebody last opened one of their organisations, so that the picker shows that first.
create table visit (
    person_id uuid        not null,
    org_id    uuid        not null,
    opened_at timestamptz not null,
    primary key (person_id, org_id)
);

-- One-time links: first start, invitation, choosing a password, demo sign-in.
create table link (
    token_hash    bytea       primary key,
    purpose       text        not null,
    person_id     uuid,
    org_id        uuid,
    invitation_id uuid,
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    used_at       timestamptz
);
create index link_org on link (org_id);

-- Second factors. The secret has to be readable to be compared with a code, so it stands here as it is.
create table totp (
    person_id  uuid        primary key,
    secret     bytea       not null,
    last_step  bigint      not null, -- of the last code that was taken: no step is taken twice
    created_at timestamptz not null
);

create table recovery_code (
    person_id uuid  not null,
    code_hash bytea not null, -- SHA-256
    used_at   timestamptz,
    primary key (person_id, code_hash)
);

create table passkey (
    credential_id bytea       primary key,
    person_id     uuid        not null,
    name          text        not null,
    data          text        not null, -- JSON: the public key, and how often it was used
    created_at    timestamptz not null,
    last_used_at  timestamptz
);
create index passkey_person on passkey (person_id);

-- What waits for its second half: a sign-in for its code, a question to a passkey for its answer.
create table challenge (
    token_hash bytea       primary key,
    purpose    text        not null,
    person_id  uuid,
    state      text        not null,
    expires_at timestamptz not null
);

-- When a suspension first kept somebody out: the measure of how quick it is.
create table first_refusal (
    org_id     uuid not null,
    position   bigint not null, -- of the suspension
    refused_at timestamptz not null,
    primary key (org_id, position)
);

-- Commands that were refused, apart from the log of what happened.
create table access_log (
    entry_id       uuid        primary key,
    at             timestamptz not null,
    actor          text        not null,
    command        text        not null,
    target         text        not null,
    refusal        text        not null,
    address        text,
    command_id     uuid,
    correlation_id uuid
);
create index access_log_at on access_log (at);
create index access_log_correlation on access_log (correlation_id);

-- What portal_app may do, and that we may act as it.
do $$
begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant usage on schema public to portal_app;
        grant select, insert on events, claims, commands to portal_app;
        grant select, insert, update on guards to portal_app;
        grant select, insert, update, delete on projection, projection_parked, projection_log,
            people, session, visit, link, totp, recovery_code, passkey, challenge, access_log, first_refusal
            to portal_app;
        if not (select rolsuper from pg_roles where rolname = current_user) then
            begin -- also where we made it: since Postgres 16, that alone does not let us act as it
                execute format('grant portal_app to %I', current_user);
            exception
                when unique_violation then null; -- another migration of this cluster was quicker
                when insufficient_privilege then
                    raise notice 'portal_app is not ours to use; the triggers still guard the log';
            end;
        end if;
    end if;
end $$;
