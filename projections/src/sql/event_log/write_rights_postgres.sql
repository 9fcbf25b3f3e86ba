-- The needed rights that this role lacks, or that the tenants' role lacks if portal may take it, each with its table;
-- nothing if none is missing.
select string_agg(what, ', ' order by what)
from (
select verb || ' on ' || name as what
from (values
    ('events', 'select insert'),
    ('claims', 'select insert'),
    ('commands', 'select insert'),
    ('guards', 'select insert update'),
    ('log_head', 'select update'),
    ('clock', 'select update'),
    ('seal', 'select insert update'),
    ('seal_node', 'select insert update'),
    ('seal_contradiction', 'select insert'),
    ('seal_question', 'select insert update delete'),
    ('copied', 'select insert'),
    ('consumer', 'select insert update'),
    ('account_log', 'select insert delete'),
    ('schema_compat', 'select'),
    ('people', 'select insert update delete'),
    ('session', 'select insert update delete'),
    ('visit', 'select insert update delete'),
    ('link', 'select insert update delete'),
    ('totp', 'select insert update delete'),
    ('recovery_code', 'select insert update delete'),
    ('passkey', 'select insert update delete'),
    ('challenge', 'select insert update delete'),
    ('first_refusal', 'select insert update delete'),
    ('access_log', 'select insert update delete'),
    ('throttle', 'select insert update delete'),
    ('known_device', 'select insert update delete'),
    ('saved_search', 'select insert update delete'),
    ('operator_read', 'select insert update delete'),
    ('operator_reason', 'select insert update delete'),
    ('org_list', 'select insert update delete'),
    ('org_list_parts', 'select insert update delete'),
    ('org_list_indexed', 'select insert update delete'),
    ('org_total', 'select insert update delete'),
    ('org_detail', 'select insert update delete'),
    ('org_slug', 'select insert update delete'),
    ('membership', 'select insert update delete'),
    ('invitation', 'select insert update delete'),
    ('platform_grant', 'select insert update delete'),
    ('grant_request', 'select insert update delete'),
    ('resource_type', 'select insert update delete'),
    ('org_resource_choice', 'select insert update delete'),
    ('org_role', 'select insert update delete'),
    ('org_permission', 'select insert update delete'),
    ('history', 'select insert update delete'),
    ('history_parts', 'select insert update delete'),
    ('history_indexed', 'select insert update delete'),
    ('projection', 'select insert update delete'),
    ('projection_parked', 'select insert update delete'),
    ('projection_log', 'select insert update delete'),
    ('snapshots', 'select insert update delete'),
    ('processes', 'select insert update delete')
) needed (name, verbs)
cross join lateral unnest(string_to_array(verbs, ' ')) verb
where to_regclass(name) is not null and not has_table_privilege(to_regclass(name), verb)
union all
select 'select on ' || name || ' for portal_tenant'
from (values ('events'), ('history'), ('invitation'), ('membership'), ('org_detail'), ('org_resource_choice'), ('org_role'),
             ('org_permission'), ('resource_type'), ('operator_read')) needed (name)
join pg_roles on rolname = 'portal_tenant' and pg_has_role(session_user, oid, 'member')
where to_regclass(name) is not null and not has_table_privilege(oid, to_regclass(name), 'select')
) missing
