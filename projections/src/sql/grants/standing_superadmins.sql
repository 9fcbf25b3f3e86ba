-- How many superadmins stand for good.
select count(*) from platform_grant where role = 'superadmin' and ended_at is null and begun and until_at is null
