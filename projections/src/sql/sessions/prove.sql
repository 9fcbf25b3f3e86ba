-- In the session $1 its person proved at $2 who they are, by more than a password or not ($3).
update session set proven_at = $2, two_factors = two_factors or $3 where session_id = $1
