-- Records who holds a key from now on. A key that the same stream holds already stays as it is.
insert into claims (namespace, key, aggregate_type, aggregate_id, position)
values ($1, $2, $3, $4, $5)
on conflict (namespace, key) do nothing
