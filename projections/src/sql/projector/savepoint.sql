-- Sets the savepoint to which a failed fold goes back.
savepoint fold
