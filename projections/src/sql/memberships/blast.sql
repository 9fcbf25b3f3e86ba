-- Whom the organisation $1 takes along at the moment $2: members, their open sessions, and who has no other place.
select count(*) as members,
       (select count(*) from session s
        join membership at_it on at_it.person_id = s.person_id
        where at_it.org_id = $1 and s.idle_at > $2 and s.expires_at > $2) as sessions,
       coalesce(sum(case when exists (
           select 1 from membership other
           join org_detail o on o.org_id = other.org_id
           where other.person_id = m.person_id and other.org_id <> m.org_id and o.status = 'active'
       ) then 0 else 1 end), 0) as stranded
from membership m
where m.org_id = $1
