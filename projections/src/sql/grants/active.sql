-- Platform roles that the person $1 holds now.
select role, sequence from platform_grant where person_id = $1 and revoked_at is null
