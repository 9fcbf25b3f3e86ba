-- Records who holds the keys that follow. A key that the same stream holds already stays as it is.
insert into claims (namespace, key, aggregate_type, aggregate_id, position)
