-- Counts the listings $1, each with the reason that held for its session and organisation: one row for an hour.
with r as (
    select unhex(value ->> 'read_id', '-') as read_id, value ->> 'at' as at,
           unhex(value ->> 'person_id', '-') as person_id, unhex(value ->> 'session_id', '-') as session_id,
           unhex(value ->> 'org_id', '-') as org_id, value ->> 'page' as page, value ->> 'hour' as hour,
           value ->> 'times' as times, value ->> 'last_at' as last_at
    from json_each($1)
)
insert into operator_read (read_id, at, person_id, org_id, page, reason, session_id, hour, times, last_at)
select r.read_id, r.at, r.person_id, r.org_id, r.page, why.reason, r.session_id, r.hour, r.times, r.last_at
from r
left join operator_reason why on why.session_id = r.session_id and why.org_id = r.org_id and why.until > r.at
where true -- or "on conflict" would be read as a join
on conflict (org_id, session_id, page, hour) where hour is not null
do update set times = operator_read.times + excluded.times,
              last_at = max(operator_read.last_at, excluded.last_at),
              reason = coalesce(operator_read.reason, excluded.reason)
