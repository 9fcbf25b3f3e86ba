-- Records who holds a key from now on. A key that the same stream holds already stays as it is.
insert into claims (namespace, key, aggregate_type, aggregate_id, position)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])
on conflict (namespace, key) do nothing
