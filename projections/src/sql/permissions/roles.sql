-- Roles that the organisations that follow made themselves.
select org_id, name, removed, position, changed_at, changed_by
from org_role
where org_id
