-- A consumer that is called $1. One that is new begins behind the last event there is.
insert into consumer (name, position)
values ($1, (select coalesce(max(position), 0) from events))
on conflict (name) do nothing
