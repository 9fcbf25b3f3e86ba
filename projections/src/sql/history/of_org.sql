-- Positions of the organisation $1 before $2, newest first, at most $3.
select position from history where org_id = $1 and position < $2 order by position desc limit $3
