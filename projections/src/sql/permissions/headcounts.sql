-- The roles of the organisation $1, those of every organisation first, with how many have each or are invited with it: its
-- members and its invitations are read once, not once for each role.
with roles as (
    select 1 as place, 'owner' as role
    union all select 2, 'admin'
    union all select 3, 'member'
    union all select 4, name from org_role where org_id = $1 and not removed
), members as (
    select role, count(*) as number from membership where org_id = $1 group by role
), invited as (
    select role, count(*) as number from invitation where org_id = $1 and status = 'open' group by role
)
select roles.role, coalesce(members.number, 0) as members, coalesce(invited.number, 0) as invited
from roles
left join members on members.role = roles.role
left join invited on invited.role = roles.role
order by roles.place, roles.role
