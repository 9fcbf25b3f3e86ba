-- Positions before $1 of what was done from the server's shell, newest first, at most $2.
select position from history where actor = 'shell' and position < $1 order by position desc limit $2
