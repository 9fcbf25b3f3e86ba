-- The open invitation of the first owner of the organisation $1, where they have not joined.
select i.invitation_id, p.email, i.role, i.expires_at, i.invited_at
from org_list l
join invitation i on i.invitation_id = l.owner_invitation
left join people p on p.person_id = i.person_id
where l.org_id = $1 and l.valid_to is null and i.org_id = $1 and i.status = 'open'
