-- Organisations, by their names and at most $3, in which a role that may not by default may do $2 with things of the
-- type $1, and how many there are. Archived ones don't count.
select o.org_id, o.name, count(*) over () as organisations
from org_detail o
where o.status <> 'archived' and exists (
    select 1
    from org_permission p
    where p.org_id = o.org_id and p.code = $1 and p.role <> 'admin' and p.differs like '%' || $2 || '%'
)
order by o.name
limit $3
