-- The organisation $1.
select org_id, sequence, name, slug, status, reason, protected, members, created_at, created_by, position,
       changed_at, status_at, status_by, status_position, reinstate_at
from org_detail
where org_id = $1
