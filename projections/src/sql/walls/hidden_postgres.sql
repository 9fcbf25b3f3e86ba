-- Says whether row-level security hides all events from this user, so that an empty log would mean nothing.
select row_security_active('public.events')
   and not exists (select from pg_roles where rolname = 'portal_app' and pg_has_role(current_user, oid, 'member'))
