-- Aggregates that a projection could not fold.
select name, aggregate_type, aggregate_id, from_position, error
from projection_parked
order by name, from_position
