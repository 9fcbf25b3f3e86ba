-- When the first invitation link of the organisation $1 was made.
select min(created_at) from link where org_id = $1
