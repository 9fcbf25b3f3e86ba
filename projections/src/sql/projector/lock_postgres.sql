-- The checkpoints that nobody else has locked, locked until the transaction ends, and whether anything is parked.
select name, version, position, exists (select from projection_parked) as parked
from projection
order by name, version
for update of projection skip locked
