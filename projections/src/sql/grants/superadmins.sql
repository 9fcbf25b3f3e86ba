-- How many people hold superadmin.
select count(*) from platform_grant where role = 'superadmin' and revoked_at is null
