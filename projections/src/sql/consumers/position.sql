-- The position of the consumer $1.
select position from consumer where name = $1
