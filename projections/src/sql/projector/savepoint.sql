-- Where a fold that fails goes back to.
savepoint fold
