-- All claims up to position $1, each with the position of its event.
select namespace, key, aggregate_type, aggregate_id, position from claims where position <= $1
