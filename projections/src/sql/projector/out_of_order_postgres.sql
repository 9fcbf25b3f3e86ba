-- Gaps in the positions up to $1, positions that are there twice, and events stamped earlier than the one before them
-- without a reason in the event: the position, and the one before it.
select position, before
from (
    select position, lag(position, 1, cast(0 as bigint)) over in_order as before,
           coalesce(recorded_at < lag(recorded_at) over in_order and metadata ->> 'time_continues' is null, false)
               as early
    from events
    where position > 0 and position <= $1
    window in_order as (order by position)
) placed
where position <> before + 1 or early
order by position
