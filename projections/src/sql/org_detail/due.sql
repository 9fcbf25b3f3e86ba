-- Suspensions that should have ended by themselves by the moment $1, the oldest first.
select org_id, status_position
from org_detail
where reinstate_at <= $1 and status = 'suspended'
order by reinstate_at, org_id
