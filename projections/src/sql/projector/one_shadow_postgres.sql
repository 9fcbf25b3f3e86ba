-- One process makes read models again at a time, until this transaction ends. A lock on a table, and before anything is
-- read: rights on it can be given, and what is read after it is what the lock waited for.
lock table rebuild_turn in exclusive mode
