-- Writes something of no importance, so that the `-wal` file exists from now on.
update clock set beats = beats + 1
