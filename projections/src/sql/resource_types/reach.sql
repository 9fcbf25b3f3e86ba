-- How many organisations are not archived, and how many of those were created after the position $1.
select count(*) as organisations, count(case when position > $1 then 1 end) as new
from org_detail
where status <> 'archived'
