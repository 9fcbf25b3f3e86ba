-- The consumer $1 has acted on everything up to $2.
update consumer set position = $2, error = null, failed_at = null where name = $1
