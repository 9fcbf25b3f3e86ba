-- When the first link to the invitation $1 was made.
select min(created_at) from link where invitation_id = $1
