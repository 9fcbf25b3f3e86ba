-- All consumers, also those of other versions.
select name, position, error, failed_at from consumer order by name
