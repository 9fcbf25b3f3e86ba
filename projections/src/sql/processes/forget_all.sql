-- Forgets every process: whoever opens the file is alone.
delete from processes
