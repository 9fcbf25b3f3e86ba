-- Whether this connection may become the role that serves.
select exists (
    select from pg_roles where rolname = 'portal_app' and pg_has_role(current_user, oid, 'member')
)
