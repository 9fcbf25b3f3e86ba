-- Who holds the keys $1, $2 (namespaces, keys).
select namespace, key, aggregate_type, aggregate_id
from claims
where (namespace, key) in (select * from unnest($1::text[], $2::text[]))
