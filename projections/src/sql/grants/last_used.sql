-- When those whose grants have not ended in the log were last seen, of those who are signed in.
select g.person_id, max(s.last_seen_at)
from platform_grant g join session s on s.person_id = g.person_id
where g.ended_at is null
group by g.person_id
