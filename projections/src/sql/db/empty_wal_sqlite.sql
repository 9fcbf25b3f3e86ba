-- Puts what stands beside the file into it, so that a copy of the file alone is whole.
pragma wal_checkpoint(truncate)
