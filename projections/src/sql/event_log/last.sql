-- The last position; null where there is no event.
select max(position) from events
