-- The checkpoints of all projections, and whether anything is parked. The one transaction that writes holds them all.
select name, version, position, exists (select 1 from projection_parked) as parked
from projection
order by name, version
