-- A timeout shorter than Postgres takes to find a deadlock, so that this transaction gives way before it aborts another.
set local lock_timeout = '200ms'
