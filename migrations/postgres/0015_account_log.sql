-- What happened to accounts, how often operators saw a row of an organisation, and what is needed to forget in time.

-- Only ever added to, for 30 days at least; what is older may be removed.
create table account_log (
    entry_id   uuid        primary key, -- sorts by time
    at         timestamptz not null,
    person_id  uuid        not null,
    kind       text        not null,
    detail     text, -- by what, or which one: never a password, a code or a token
    address    text,
    agent      text,
    session_id uuid,
    minute     bigint -- since 1970, of what may come in floods: one row for a minute and an address
);
create index account_log_person on account_log (person_id, entry_id);
create unique index account_log_flood on account_log (person_id, kind, minute, coalesce(address, ''))
    where minute is not null;

create function account_log_refuse() returns trigger
language plpgsql as $$
begin
    if tg_op = 'DELETE' and old.at <= now() - interval '30 days' then
        return old;
    end if;
    raise exception 'the account log is append-only';
end $$;
create function account_log_keep() returns trigger
language plpgsql as $$
begin
    raise exception 'the account log is append-only';
end $$;
create trigger account_log_no_change before update or delete on account_log
    for each row execute function account_log_refuse();
create trigger account_log_no_truncate before truncate on account_log
    for each statement execute function account_log_keep();
alter table account_log enable always trigger account_log_no_change;
alter table account_log enable always trigger account_log_no_truncate;

-- An organisation that was listed among others has one row for a session, a page and an hour.
alter table operator_read
    add column session_id uuid,
    add column hour bigint, -- since 1970; of what was listed
    add column times bigint not null default 1,
    add column last_at timestamptz;
create unique index operator_read_listed on operator_read (org_id, session_id, page, hour) where hour is not null;

create index link_expires on link (expires_at);

do $$
begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant select, insert, delete on account_log to portal_app;
        grant update, delete on operator_read to portal_app;
    end if;
end $$;
