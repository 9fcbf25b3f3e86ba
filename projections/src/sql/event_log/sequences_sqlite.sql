-- ends `with wanted (kind, id) as (values …`: where the wanted streams stand.
)
select kind, id, coalesce((
    select max(sequence) from events where aggregate_type = kind and aggregate_id = id), 0) as sequence
from wanted
