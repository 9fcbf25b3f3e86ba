-- Who holds the key $1, $2 (namespace, key).
select aggregate_type, aggregate_id from claims where namespace = $1 and key = $2
