-- Whether anybody is superadmin at $1, or is to be.
select exists (select 1 from platform_grant
               where role = 'superadmin' and ended_at is null and (until_at is null or until_at > $1))
