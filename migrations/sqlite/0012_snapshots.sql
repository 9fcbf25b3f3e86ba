-- Long aggregates as they were at some sequence, so that they need not be folded from their first events. They say what
-- the events say and nothing else: whoever removes them loses time only.
create table snapshots (
    aggregate_type text    not null,
    aggregate_id   text    not null,
    fold           integer not null, -- version of what folded it: another one does not read it
    sequence       integer not null check (sequence > 0),
    leaf_hash      blob    not null check (length(leaf_hash) = 32), -- of the event at that sequence
    state          blob    not null,
    primary key (aggregate_type, aggregate_id, fold)
) strict;
