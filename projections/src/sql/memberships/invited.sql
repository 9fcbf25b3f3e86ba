-- Open invitations of the organisation $1, newest first, at most $2.
select i.invitation_id, p.email, i.role, i.expires_at, i.invited_at
from invitation i
left join people p on p.person_id = i.person_id
where i.org_id = $1 and i.status = 'open'
order by i.position desc
limit $2
