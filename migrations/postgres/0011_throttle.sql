-- How often somebody tried: token buckets, shared by all processes and kept over restarts. Rows are gone within minutes.
create table throttle (
    bucket  bytea  primary key, -- SHA-256 of what is counted
    full_at bigint not null     -- microseconds since 1970: when everything that was taken has come back
);

-- Browsers in which somebody has signed in: strangers who try elsewhere don't use up their attempts.
create table known_device (
    token_hash   bytea       not null, -- SHA-256 of the cookie's value
    person_id    uuid        not null,
    last_used_at timestamptz not null,
    primary key (token_hash, person_id)
);
create index known_device_person on known_device (person_id);

do $$
begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant select, insert, update, delete on throttle, known_device to portal_app;
    end if;
end $$;
