-- What was decided about the roles of the organisation $1.
select role, code, differs
from org_permission
where org_id = $1 and differs <> ''
