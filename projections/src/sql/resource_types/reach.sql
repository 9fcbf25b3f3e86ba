-- How many organisations there are, how many of them have the type $1 with the policy $2 since the position $3, and how
-- many chose for themselves.
select count(*) as organisations,
       count(case when c.choice = 'opted_in'
                    or c.choice is null and ($2 = 'everywhere' or $2 = 'new_only' and o.position > $3)
             then 1 end) as reached,
       count(case when c.choice = 'opted_in' then 1 end) as opted_in,
       count(case when c.choice = 'opted_out' then 1 end) as opted_out
from org_detail o
left join org_resource_choice c on c.org_id = o.org_id and c.code = $1
where o.status <> 'archived'
