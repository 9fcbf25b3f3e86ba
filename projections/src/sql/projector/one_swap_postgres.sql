-- One process swaps read models at a time, until this transaction ends.
select pg_advisory_xact_lock(4995148757353588225)
