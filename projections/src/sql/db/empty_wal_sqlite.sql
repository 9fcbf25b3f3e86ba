-- Moves the content of the `-wal` file into the database, so that a copy of the database file alone is complete.
pragma wal_checkpoint(truncate)
