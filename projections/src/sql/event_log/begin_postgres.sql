-- A transaction that is the only one to append until it ends.
begin;
select pg_advisory_xact_lock(4995148757353588224)
