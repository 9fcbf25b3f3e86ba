-- Counts the listings $1, each with the reason that held for its session and organisation: one row for an hour.
insert into operator_read (read_id, at, person_id, org_id, page, reason, session_id, hour, times, last_at)
select r.read_id, timestamptz 'epoch' + r.at * interval '1 microsecond', r.person_id, r.org_id, r.page, why.reason,
       r.session_id, r.hour, r.times, timestamptz 'epoch' + r.last_at * interval '1 microsecond'
from jsonb_to_recordset($1) as r (
    read_id uuid, at bigint, person_id uuid, session_id uuid, org_id uuid, page text, hour bigint, times bigint,
    last_at bigint)
left join operator_reason why on why.session_id = r.session_id and why.org_id = r.org_id
    and why.until > timestamptz 'epoch' + r.at * interval '1 microsecond'
order by r.org_id, r.session_id, r.page, r.hour
on conflict (org_id, session_id, page, hour) where hour is not null
do update set times = operator_read.times + excluded.times,
              last_at = greatest(operator_read.last_at, excluded.last_at),
              reason = coalesce(operator_read.reason, excluded.reason)
