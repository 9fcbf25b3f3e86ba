-- Where the streams $1, $2 (types, ids) stand.
select s.kind, s.id, coalesce((
    select sequence from events
    where aggregate_type = s.kind and aggregate_id = s.id
    order by sequence desc limit 1), 0) as sequence
from unnest($1::text[], $2::text[]) as s (kind, id)
