-- Sets the count $1 to $2, never below its floor $3.
insert into guards (name, value, floor) values ($1, $2, $3)
on conflict (name) do update set value = excluded.value, floor = excluded.floor
