-- What is kept of the Merkle tree over all events, so that sealing goes on where it stopped. Not a read model: a rebuild
-- leaves it alone, and what was signed can't be folded again.
create table seal (
    origin     text    primary key,
    size       integer not null default 0 check (size >= 0),
    nodes      blob    not null default x'', -- 32 bytes for each one in the size
    checkpoint text -- the note that was signed last
) strict, without rowid;

-- Roots of full subtrees of 256, 65536 … events, by the last position below them.
create table seal_node (
    position integer not null,
    level    integer not null,
    hash     blob    not null check (length(hash) = 32),
    primary key (position, level)
) strict, without rowid;
