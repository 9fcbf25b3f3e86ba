-- Writes the reads $1, each with the reason that held for its session and organisation. Once, however often it is tried.
insert into operator_read (read_id, at, person_id, org_id, page, reason)
select r.read_id, timestamptz 'epoch' + r.at * interval '1 microsecond', r.person_id, r.org_id, r.page, why.reason
from jsonb_to_recordset($1) as r (
    read_id uuid, at bigint, person_id uuid, session_id uuid, org_id uuid, page text)
left join operator_reason why on why.session_id = r.session_id and why.org_id = r.org_id
    and why.until > timestamptz 'epoch' + r.at * interval '1 microsecond'
on conflict do nothing
