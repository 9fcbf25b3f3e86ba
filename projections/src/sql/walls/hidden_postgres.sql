-- Whether this user would see no event for lack of a policy, and not for lack of events.
select row_security_active('public.events')
   and not exists (select from pg_roles where rolname = 'portal_app' and pg_has_role(current_user, oid, 'member'))
