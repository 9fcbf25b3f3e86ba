-- The consumer $1 could not act on the next event, because of $2 and at $3.
update consumer set error = $2, failed_at = $3 where name = $1
