-- Open invitations of the person $1 into organisations that are not archived, oldest first.
select o.name, i.role
from invitation i
join org_detail o on o.org_id = i.org_id
where i.person_id = $1 and i.status = 'open' and o.status <> 'archived'
order by i.position
