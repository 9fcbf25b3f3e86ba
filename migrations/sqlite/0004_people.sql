-- People, how they sign in, and what was refused. None of it is in the event log, so it can be erased.
create table people (
    number           integer primary key, -- by which the index of addresses knows somebody
    person_id        blob    not null unique,
    email            text    not null unique,
    name             text,
    password_hash    text,
    default_org_id   blob,
    created_at       integer not null,
    first_sign_in_at integer
) strict;

create table session (
    session_id   blob    primary key,
    token_hash   blob    not null unique, -- SHA-256 of the cookie's value
    person_id    blob    not null,
    created_at   integer not null,
    last_seen_at integer not null,
    idle_at      integer not null, -- ends here unless it is used before
    expires_at   integer not null, -- ends here in any case
    proven_at    integer not null, -- when this person last proved who they are
    two_factors  integer not null, -- whether by more than a password
    address      text,
    agent        text
) strict;
create index session_person on session (person_id);

-- When somebody last opened one of their organisations, so that the picker shows that first.
create table visit (
    person_id blob    not null,
    org_id    blob    not null,
    opened_at integer not null,
    primary key (person_id, org_id)
) strict, without rowid;

-- One-time links: first start, invitation, choosing a password, demo sign-in.
create table link (
    token_hash    blob    primary key,
    purpose       text    not null,
    person_id     blob,
    org_id        blob,
    invitation_id blob,
    created_at    integer not null,
    expires_at    integer not null,
    used_at       integer
) strict;
create index link_org on link (org_id);

-- Second factors. The secret has to be readable to be compared with a code, so it stands here as it is.
create table totp (
    person_id  blob    primary key,
    secret     blob    not null,
    last_step  integer not null, -- of the last code that was taken: no step is taken twice
    created_at integer not null
) strict;

create table recovery_code (
    person_id blob not null,
    code_hash blob not null, -- SHA-256
    used_at   integer,
    primary key (person_id, code_hash)
) strict, without rowid;

create table passkey (
    credential_id blob    primary key,
    person_id     blob    not null,
    name          text    not null,
    data          text    not null, -- JSON: the public key, and how often it was used
    created_at    integer not null,
    last_used_at  integer
) strict;
create index passkey_person on passkey (person_id);

-- What waits for its second half: a sign-in for its code, a question to a passkey for its answer.
create table challenge (
    token_hash blob    primary key,
    purpose    text    not null,
    person_id  blob,
    state      text    not null,
    expires_at integer not null
) strict;

-- When a suspension first kept somebody out: the measure of how quick it is.
create table first_refusal (
    org_id     blob not null,
    position   integer not null, -- of the suspension
    refused_at integer not null,
    primary key (org_id, position)
) strict;

-- Commands that were refused, apart from the log of what happened.
create table access_log (
    entry_id       blob    primary key,
    at             integer not null,
    actor          text    not null,
    command        text    not null,
    target         text    not null,
    refusal        text    not null,
    address        text,
    command_id     blob,
    correlation_id blob
) strict;
create index access_log_at on access_log (at);
create index access_log_correlation on access_log (correlation_id);
