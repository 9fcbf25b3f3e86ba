-- Whom some organisations take along together: members, their open sessions, and who has no other place. What follows are the
-- organisations, and the moment of the question as asked.now.
select count(*) as members,
       cast(coalesce(sum((
           select count(*) from session s
           where s.person_id = hit.person_id and s.idle_at > asked.now and s.expires_at > asked.now
       )), 0) as bigint) as sessions,
       cast(coalesce(sum(case when hit.places < (
           select count(*) from membership m
           join org_detail o on o.org_id = m.org_id
           where m.person_id = hit.person_id and o.status = 'active'
       ) then 0 else 1 end), 0) as bigint) as stranded
from (
    select m.person_id, count(o.org_id) as places
    from membership m
    left join org_detail o on o.org_id = m.org_id and o.status = 'active'
    where m.org_id
