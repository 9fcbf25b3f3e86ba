-- Less than Postgres takes to find a deadlock: whoever waits as long as this gives way itself.
set local lock_timeout = '200ms'
