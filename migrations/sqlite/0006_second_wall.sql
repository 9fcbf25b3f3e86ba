-- What operators looked at: each read of an organisation's own data through the platform scope. Not among the events,
-- since nothing follows from it. (Postgres builds its second wall in this step; a file has one wall.)
create table operator_read (
    read_id   blob    primary key, -- sorts by time
    at        integer not null,
    person_id blob    not null,
    org_id    blob, -- none: a list of all
    page      text    not null, -- the pattern of its route
    reason    text -- why, where it was said
) strict, without rowid;
create index operator_read_org on operator_read (org_id, read_id) where org_id is not null;
create index operator_read_person on operator_read (person_id, at);
create index operator_read_export on operator_read (read_id)
    where page like '/admin/history/export?%' or page = '/admin/history/proof/checkpoints';

-- Why somebody looks at an organisation, as long as it holds.
create table operator_reason (
    session_id blob    not null,
    org_id     blob    not null,
    reason     text    not null,
    until      integer not null,
    primary key (session_id, org_id)
) strict, without rowid;
