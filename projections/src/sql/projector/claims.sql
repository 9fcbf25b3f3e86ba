-- Everything that is claimed.
select namespace, key, aggregate_type, aggregate_id from claims
