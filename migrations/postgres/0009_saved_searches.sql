-- What somebody searches the history for again and again: their own, and no facts, so not in the log.
create table saved_search (
    search_id uuid        primary key,
    person_id uuid        not null,
    name      text        not null,
    query     text        not null, -- as it stands in the URL
    saved_at  timestamptz not null,
    unique (person_id, name)
);

do $$
begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant select, insert, update, delete on saved_search to portal_app;
    end if;
end $$;
