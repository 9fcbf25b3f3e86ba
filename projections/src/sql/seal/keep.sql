-- Keeps the root of the subtree of level $2 that ends with position $1: the hash $3.
insert into seal_node (position, level, hash) values ($1, $2, $3)
on conflict (position, level) do update set hash = excluded.hash
