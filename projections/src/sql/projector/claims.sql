-- Everything that was claimed up to position $1, and where.
select namespace, key, aggregate_type, aggregate_id, position from claims where position <= $1
