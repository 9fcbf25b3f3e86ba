-- Forgets what a fold wrote that failed.
rollback to savepoint fold
