-- The last position that was recorded at the moment $1 or before it. Times only go back where an event says so, and
-- behind the last such event that was recorded by then, the last by time is the last by position.
select position
from events
where recorded_at <= $1
      and position >= coalesce((select max(position) from events
                                where metadata ->> 'time_continues' is not null and recorded_at <= $1), 0)
order by recorded_at desc, position desc
limit 1
