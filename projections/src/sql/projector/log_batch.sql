-- Notes that everything up to $1 is readable since $2.
insert into projection_log (position, folded_at) values ($1, $2) on conflict (position) do nothing
