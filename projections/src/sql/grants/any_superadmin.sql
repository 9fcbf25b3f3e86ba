-- Whether anybody holds superadmin.
select exists (select 1 from platform_grant where role = 'superadmin' and revoked_at is null)
