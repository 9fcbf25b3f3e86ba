-- Open invitations of the organisation $1 before the position $2, newest first, at most $3.
select i.invitation_id, p.email, i.role, i.expires_at, i.invited_at, i.position
from invitation i
left join people p on p.person_id = i.person_id
where i.org_id = $1 and i.status = 'open' and i.position < $2
order by i.position desc
limit $3
