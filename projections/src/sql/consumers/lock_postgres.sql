-- The position of the consumer $1, locked until the transaction ends. No row where another process has locked it.
select position from consumer where name = $1 for update skip locked
