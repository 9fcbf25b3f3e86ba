-- On Postgres: whether this is a standby, which shows what the other database had some time ago.
select pg_is_in_recovery()
