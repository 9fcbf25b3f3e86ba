-- What was decided about the roles of the organisations that follow.
select org_id, role, code, differs, position, changed_position, changed_at, changed_by
from org_permission
where org_id
