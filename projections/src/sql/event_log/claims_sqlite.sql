-- ends `with wanted (namespace, key) as (values …`: who holds the wanted keys.
)
select c.namespace, c.key, c.aggregate_type, c.aggregate_id
from wanted w
join claims c on c.namespace = w.namespace and c.key = w.key
