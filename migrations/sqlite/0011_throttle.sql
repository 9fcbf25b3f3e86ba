-- How often somebody tried: token buckets, shared by all processes and kept over restarts. Rows are gone within minutes.
create table throttle (
    bucket  blob    primary key, -- SHA-256 of what is counted
    full_at integer not null     -- microseconds since 1970: when everything that was taken has come back
) strict, without rowid;

-- Browsers in which somebody has signed in: strangers who try elsewhere don't use up their attempts.
create table known_device (
    token_hash   blob    not null, -- SHA-256 of the cookie's value
    person_id    blob    not null,
    last_used_at integer not null,
    primary key (token_hash, person_id)
) strict, without rowid;
create index known_device_person on known_device (person_id);
