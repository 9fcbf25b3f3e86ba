-- The last position, and all counts as they stood there: one statement, one moment.
select last.position, g.name, g.value
from (select coalesce(max(position), 0) as position from events) last
left join guards g on true
