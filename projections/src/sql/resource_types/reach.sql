-- How many organisations there are, how many of them have the type $1 with the policy $2 since the position $3, and how
-- many chose for themselves: by the policy, and those that chose otherwise. Reads the exceptions, not everybody.
with there as (
    select coalesce((select active + suspended from org_total), 0) as organisations
), by_policy as (
    select case when $2 = 'everywhere' then organisations
                when $2 = 'new_only'
                then (select count(*) from org_detail o where o.status <> 'archived' and o.position > $3)
                else 0 end as number
    from there
), chosen as (
    select c.choice, $2 = 'everywhere' or $2 = 'new_only' and o.position > $3 as anyway
    from org_resource_choice c
    join org_detail o on o.org_id = c.org_id
    where c.code = $1 and c.choice is not null and o.status <> 'archived'
)
select organisations,
       number + (select count(*) from chosen where choice = 'opted_in' and not anyway)
              - (select count(*) from chosen where choice = 'opted_out' and anyway) as reached,
       (select count(*) from chosen where choice = 'opted_in') as opted_in,
       (select count(*) from chosen where choice = 'opted_out') as opted_out
from there
cross join by_policy
