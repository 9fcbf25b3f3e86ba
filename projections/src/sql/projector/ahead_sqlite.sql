-- Events up to the position $1 that are stamped later than $2, since time was put right last. Metadata that is no JSON puts
-- no time right.
select position, recorded_at
from events
where position <= $1 and recorded_at > $2
      and position >= coalesce((select max(position) from events
                                where iif(json_valid(metadata), metadata ->> 'time_continues', null) is not null
                                      and position <= $1), 0)
order by position
