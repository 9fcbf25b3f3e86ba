-- One process makes read models again at a time, until this connection ends.
select pg_advisory_lock(4995148757353588225)
