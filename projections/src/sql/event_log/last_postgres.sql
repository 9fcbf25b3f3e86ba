-- The last position, its time, and this database's clock. A statement of its own: it must see what the lock waited for.
select coalesce(max(position), 0) as position,
       greatest(clock_timestamp(), max(recorded_at)) as now
from (select position, recorded_at from events order by position desc limit 1) last
