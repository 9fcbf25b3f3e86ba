-- What this database says of its own walls: on which table, what, and how it is.
with recursive
ours as (
    select c.oid, c.relname::text as name, c.relkind, c.relowner, c.relacl, c.relrowsecurity, c.relpersistence, c.reloptions
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
),
role as (
    select oid, rolname::text as name, rolsuper, rolbypassrls, rolcreaterole from pg_roles
    where rolname in ('portal_app', 'portal_tenant', 'portal_reader')
),
-- The roles as which a role can act.
acts (oid, as_oid) as (
    select role.oid, m.roleid from role join pg_auth_members m on m.member = role.oid
    union
    select acts.oid, m.roleid from acts join pg_auth_members m on m.member = acts.as_oid
),
keeper as (select relowner as oid from ours where name = 'events'),
given as (
    select ours.name as "table", a.grantee, a.privilege_type as verb, null::text as col
    from ours, aclexplode(ours.relacl) a
    where a.grantee <> ours.relowner
    union all
    select ours.name, a.grantee, a.privilege_type, att.attname::text
    from ours join pg_attribute att on att.attrelid = ours.oid and not att.attisdropped, aclexplode(att.attacl) a
    where a.grantee <> ours.relowner
)
select name as "table", 'row-level security of ' || name as what,
       (case when relrowsecurity then 'on' else 'off' end) as how
from ours where relkind <> 'v'
union all
select name, 'storage of ' || name, case relpersistence when 'p' then 'logged' else 'lost with a crash' end
from ours where relkind <> 'v'
union all
select ours.name, 'child ' || i.inhrelid::regclass || ' of ' || ours.name, 'inherits'
from ours join pg_inherits i on i.inhparent = ours.oid
union all
select ours.name, 'column ' || att.attname || ' of ' || ours.name,
       format_type(att.atttypid, att.atttypmod) || case when att.attnotnull then ' not null' else '' end
       || case when att.attgenerated <> '' then ' generated' else '' end
       || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
from ours join pg_attribute att on att.attrelid = ours.oid and att.attnum > 0 and not att.attisdropped
left join pg_attrdef d on d.adrelid = att.attrelid and d.adnum = att.attnum
where relkind <> 'v'
union all
select ours.name, 'rule ' || r.rulename || ' on ' || ours.name, 'in place of what a statement says'
from ours join pg_rewrite r on r.ev_class = ours.oid and r.rulename <> '_RETURN'
union all
select name, 'the owner of ' || name,
       case when relowner in (select oid from role) then (select role.name from role where role.oid = relowner)
            when relowner = (select oid from keeper) then 'whoever owns events'
            else pg_get_userbyid(relowner) end
from ours
union all
select ours.name, 'trigger ' || t.tgname || ' on ' || ours.name,
       case t.tgenabled when 'A' then 'always' when 'O' then 'on' when 'R' then 'on a replica only' else 'off' end
       || ': ' || substring(pg_get_triggerdef(t.oid) from ' (BEFORE|AFTER|INSTEAD OF) ') || ' '
       || regexp_replace(substring(pg_get_triggerdef(t.oid) from ' (?:BEFORE|AFTER|INSTEAD OF) (.*)$'), ' ON (public\.)?\S+', '')
from ours join pg_trigger t on t.tgrelid = ours.oid and not t.tgisinternal
union all
select ours.name, 'constraint ' || c.conname || ' of ' || ours.name, pg_get_constraintdef(c.oid)
from ours join pg_constraint c on c.conrelid = ours.oid and c.contype in ('c', 'p', 'u', 'f', 'x')
union all
select ours.name, 'index ' || i.relname || ' of ' || ours.name,
       regexp_replace(pg_get_indexdef(x.indexrelid), '^.* USING ', 'unique, ') || case when x.indisvalid then '' else ', not valid' end
from ours join pg_index x on x.indrelid = ours.oid and x.indisunique
join pg_class i on i.oid = x.indexrelid
where not exists (select from pg_constraint c where c.conindid = x.indexrelid)
union all
select ours.name, 'policy ' || p.polname || ' on ' || ours.name,
       (case when p.polpermissive then '' else 'restrictive, ' end)
       || (case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end)
       || ' by ' || (select string_agg(coalesce(r.rolname::text, 'everybody'), ', ' order by r.rolname)
                     from pg_catalog.unnest(p.polroles) with_role left join pg_roles r on r.oid = with_role)
       || coalesce(', using ' || pg_get_expr(p.polqual, p.polrelid), '')
       || coalesce(', with check ' || pg_get_expr(p.polwithcheck, p.polrelid), '')
from ours join pg_policy p on p.polrelid = ours.oid
union all
select ours.name, 'view ' || ours.name,
       encode(sha256(convert_to(regexp_replace(regexp_replace(pg_get_viewdef(ours.oid), '\m[a-z_]+\.', '', 'g'), '\s+', ' ', 'g'), 'UTF8')), 'hex')
       || ', of ' || (select string_agg(distinct read_from.relnamespace::regnamespace || '.' || read_from.relname, ' ')
                      from pg_rewrite r join pg_depend d on d.objid = r.oid and d.classid = 'pg_rewrite'::regclass
                      join pg_class read_from on read_from.oid = d.refobjid and read_from.oid <> ours.oid
                      where r.ev_class = ours.oid and d.refclassid = 'pg_class'::regclass)
       || coalesce(', ' || pg_catalog.array_to_string(reloptions, ', '), '')
from ours where relkind = 'v'
union all
select '', 'function ' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
       encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex') || ', ' || p.provolatile::text
       || case when p.prosecdef then ', with the rights of its owner' else '' end
       || coalesce(', ' || pg_catalog.array_to_string(p.proconfig, ' '), '')
       || case when p.proowner = (select oid from keeper) then '' else ', of another owner' end
from pg_proc p
where p.pronamespace = 'public'::regnamespace
  and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
union all
-- Whatever anybody may do here who is not its owner. To whom the owner gives the right to read is for the owner to say, but
-- not that everybody has it: whoever reads for tenants would too.
select given."table", 'rights of ' || coalesce(role.name, r.rolname::text, 'everybody') || ' on ' || given."table",
       string_agg(lower(verb) || coalesce(' (' || col || ')', ''), ', ' order by verb, col)
from given left join role on role.oid = given.grantee left join pg_roles r on r.oid = given.grantee
where role.oid is not null or given.grantee = 0 or verb <> 'SELECT'
group by 1, 2
union all
select '', 'rights of ' || role.name || ' on the schema public', lower(string_agg(a.privilege_type, ', ' order by a.privilege_type))
from pg_namespace n, aclexplode(n.nspacl) a join role on role.oid = a.grantee
where n.nspname = 'public'
group by 2
union all
select '', 'role ' || role.name,
       coalesce(nullif(pg_catalog.concat_ws(', ',
           case when rolsuper then 'a superuser' end,
           case when rolbypassrls then 'past row-level security' end,
           case when rolcreaterole then 'may make roles' end,
           (select 'acts as ' || string_agg(r.rolname, ', ' order by r.rolname) from acts join pg_roles r on r.oid = acts.as_oid
            where acts.oid = role.oid)), ''), 'apart')
from role
union all
-- Settings that whoever connects would begin with, and by which triggers or row-level security mean something else.
select '', 'setting ' || name || ' of ' || coalesce(r.rolname::text, 'everybody') || ' in ' || coalesce(d.datname::text, 'every database'),
       value
from pg_db_role_setting s
left join pg_database d on d.oid = s.setdatabase
left join pg_roles r on r.oid = s.setrole,
pg_catalog.unnest(s.setconfig) line, lateral (select split_part(line, '=', 1) as name, split_part(line, '=', 2) as value) set_to
where (s.setdatabase = 0 or d.datname = current_database())
  and (s.setrole = 0 or r.rolname = session_user or s.setrole in (select oid from role union all select oid from keeper))
  and (name = 'row_security' and value <> 'on' or name = 'session_replication_role' and value <> 'origin')
union all
-- Statements would search these schemas before public.
select '', 'schema ' || nspname, 'in front of public'
from pg_namespace where nspname in (select name from role) or nspname = session_user
order by 1, 2
