-- People of the organisation $1 who have the pattern $2 or $3 in their name, or $2 in their address: those behind the rank $4
-- of a role, the address $5 and the person $6, owners first, at most $7.
select person_id, email, name, role, joined_at, first_sign_in_at
from (
    select m.person_id, p.email, p.name, m.role, m.joined_at, p.first_sign_in_at,
           case m.role when 'owner' then 0 when 'admin' then 1 else 2 end as standing, coalesce(p.email, '') as address
    from membership m
    left join people p on p.person_id = m.person_id
    where m.org_id = $1
      and (lower(coalesce(p.name, '')) like $2 escape '!' or coalesce(p.name, '') like $3 escape '!'
           or lower(coalesce(p.email, '')) like $2 escape '!')
) found
where (standing, address, person_id) > ($4, $5, $6)
order by standing, address, person_id
limit $7
