-- What somebody searches the history for again and again: their own, and no facts, so not in the log.
create table saved_search (
    search_id blob    primary key,
    person_id blob    not null,
    name      text    not null,
    query     text    not null, -- as it stands in the URL
    saved_at  integer not null,
    unique (person_id, name)
) strict;
