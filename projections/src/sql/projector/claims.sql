-- Everything that was claimed up to position $1.
select namespace, key, aggregate_type, aggregate_id from claims where position <= $1
