-- Aggregates that a projection could not fold, or that this version could not read.
select name, aggregate_type, aggregate_id, from_position, error, newer
from projection_parked
order by name, from_position
