-- The open invitation of the first owner of the organisation $1, where they have not joined.
select i.invitation_id, p.email, i.role, i.expires_at, i.invited_at, i.position
from (select * from org_list where org_id = $1 order by valid_from desc limit 1) l
join invitation i on i.invitation_id = l.owner_invitation
left join people p on p.person_id = i.person_id
where i.org_id = $1 and i.status = 'open'
