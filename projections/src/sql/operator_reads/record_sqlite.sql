-- Writes the reads $1, each with the reason that held for its session and organisation. Once, however often it is tried.
with r as (
    select unhex(value ->> 'read_id', '-') as read_id, value ->> 'at' as at,
           unhex(value ->> 'person_id', '-') as person_id, unhex(value ->> 'session_id', '-') as session_id,
           unhex(value ->> 'org_id', '-') as org_id, value ->> 'page' as page
    from json_each($1)
)
insert into operator_read (read_id, at, person_id, org_id, page, reason)
select r.read_id, r.at, r.person_id, r.org_id, r.page, why.reason
from r
left join operator_reason why on why.session_id = r.session_id and why.org_id = r.org_id and why.until > r.at
where true -- or "on conflict" would be read as a join
on conflict do nothing
