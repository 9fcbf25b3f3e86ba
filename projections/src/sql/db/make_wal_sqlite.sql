-- Changes nothing, but is written: the file beside the database is there from now on.
update clock set beats = beats + 1
