-- Where every projection stands that nobody else works at, held until the transaction ends, and whether anything is parked.
select name, version, position, exists (select from projection_parked) as parked
from projection
order by name, version
for update of projection skip locked
