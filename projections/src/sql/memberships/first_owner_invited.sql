-- The open invitation of an owner of the organisation $1 that came first.
select i.invitation_id, p.email, i.role, i.expires_at, i.invited_at
from invitation i
left join people p on p.person_id = i.person_id
where i.org_id = $1 and i.status = 'open' and i.role = 'owner'
order by i.position
limit 1
