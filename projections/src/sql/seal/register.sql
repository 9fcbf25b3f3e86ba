-- Begins to seal for the origin $1, if that is new.
insert into seal (origin) values ($1) on conflict (origin) do nothing
