-- Platform roles of the person $1 that have not ended in the log.
select role, sequence, starts_at, until_at from platform_grant where person_id = $1 and ended_at is null
