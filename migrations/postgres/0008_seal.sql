-- What is kept of the Merkle tree over all events, so that sealing goes on where it stopped. Not a read model: a rebuild
-- leaves it alone, and what was signed can't be folded again.
create table seal (
    origin     text   primary key,
    size       bigint not null default 0 check (size >= 0),
    nodes      bytea  not null default '', -- 32 bytes for each one in the size
    checkpoint text -- the note that was signed last
);

-- Roots of full subtrees of 256, 65536 … events, by the last position below them.
create table seal_node (
    position bigint  not null,
    level    integer not null,
    hash     bytea   not null check (octet_length(hash) = 32),
    primary key (position, level)
);

do $$
begin
    if exists (select from pg_roles where rolname = 'portal_app') then
        grant select, insert, update on seal, seal_node to portal_app;
    end if;
end $$;
