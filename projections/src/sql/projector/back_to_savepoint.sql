-- Undoes what a failed fold wrote.
rollback to savepoint fold
