-- How far each consumer of the log has acted on it. It is no read model: folding everything again leaves it alone.
create table consumer (
    name      text primary key,
    position  integer not null, -- everything up to here was acted on
    error     text,             -- why the last attempt failed, until one succeeds …
    failed_at integer           -- … and when
) strict;
