-- Events up to the position $1 that are stamped later than $2, since time was put right last.
select position, recorded_at
from events
where position <= $1 and recorded_at > $2
      and position >= coalesce((select max(position) from events
                                where metadata ->> 'time_continues' is not null and position <= $1), 0)
order by position
