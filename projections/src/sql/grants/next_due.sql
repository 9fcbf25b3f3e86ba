-- When the next grant begins or is over, of those of which the log does not know it.
select min(at)
from (select until_at as at from platform_grant where ended_at is null
      union all
      select starts_at from platform_grant where ended_at is null and not begun) coming
