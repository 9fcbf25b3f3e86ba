-- Keeps what a fold wrote.
release savepoint fold
