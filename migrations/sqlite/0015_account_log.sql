-- What happened to accounts, how often operators saw a row of an organisation, and what is needed to forget in time.

-- Only ever added to, for 30 days at least; what is older may be removed.
create table account_log (
    entry_id   blob    primary key, -- sorts by time
    at         integer not null,
    person_id  blob    not null,
    kind       text    not null,
    detail     text, -- by what, or which one: never a password, a code or a token
    address    text,
    agent      text,
    session_id blob,
    minute     integer -- since 1970, of what may come in floods: one row for a minute and an address
) strict, without rowid;
create index account_log_person on account_log (person_id, entry_id);
create unique index account_log_flood on account_log (person_id, kind, minute, coalesce(address, ''))
    where minute is not null;
create trigger account_log_no_update before update on account_log
begin
    select raise(abort, 'the account log is append-only');
end;
create trigger account_log_no_delete before delete on account_log
when old.at > (unixepoch() - 30 * 24 * 60 * 60) * 1000000
begin
    select raise(abort, 'the account log is append-only for 30 days');
end;

-- An organisation that was listed among others has one row for a session, a page and an hour.
alter table operator_read add column session_id blob;
alter table operator_read add column hour integer; -- since 1970; of what was listed
alter table operator_read add column times integer not null default 1;
alter table operator_read add column last_at integer;
create unique index operator_read_listed on operator_read (org_id, session_id, page, hour) where hour is not null;

create index link_expires on link (expires_at);
