-- Where positions up to $1 have a gap or are the same, or a time is before the one in front of it though the event does not
-- say why: the position found, and the one in front of it. Metadata that is no JSON says nothing.
select position, before
from (
    select position, lag(position, 1, cast(0 as bigint)) over in_order as before,
           coalesce(recorded_at < lag(recorded_at) over in_order
                    and iif(json_valid(metadata), metadata ->> 'time_continues', null) is null, false)
               as early
    from events
    where position > 0 and position <= $1
    window in_order as (order by position)
) placed
where position <> before + 1 or early
order by position
