-- Reads no rows from everything that tenants see, as the tenants' role: it fails if that role can't be taken any more, or
-- may not read or call something.
select tenant(), tenant_has_event(0), tenant_knows('00000000-0000-0000-0000-000000000000'),
       (select count(*) from (select person_id, email, name, first_sign_in_at from people where false) p),
       (select count(*) from events where false),
       (select count(*) from history where false),
       (select count(*) from invitation where false),
       (select count(*) from membership where false),
       (select count(*) from operator_read where false),
       (select count(*) from org_detail where false),
       (select count(*) from org_permission where false),
       (select count(*) from org_resource_choice where false),
       (select count(*) from org_role where false),
       (select count(*) from resource_type where false)
