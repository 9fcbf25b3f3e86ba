-- Positions of all projections, held until the transaction ends.
select position from projection order by name, version for update
