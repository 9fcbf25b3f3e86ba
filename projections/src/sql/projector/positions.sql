-- Positions of all projections.
select position from projection
