-- Only one process rebuilds read models at a time, until this transaction ends. The lock is on a table, because rights on
-- a table can be granted, and is taken before anything is read, so that later reads see what the lock waited for.
lock table rebuild_turn in exclusive mode
