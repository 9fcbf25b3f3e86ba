-- The roles of the organisation $1, those of every organisation first, with how many have each or are invited with it.
with roles as (
    select 1 as place, 'owner' as role
    union all select 2, 'admin'
    union all select 3, 'member'
    union all select 4, name from org_role where org_id = $1 and not removed
)
select role,
       (select count(*) from membership m where m.org_id = $1 and m.role = roles.role) as members,
       (select count(*) from invitation i where i.org_id = $1 and i.role = roles.role and i.status = 'open') as invited
from roles
order by place, role
