-- When the bucket $1 is full again.
select full_at from throttle where bucket = $1
