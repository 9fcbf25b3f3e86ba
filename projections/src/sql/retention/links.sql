-- Forgets links that ended before $1, the oldest $2 at most.
delete from link
where token_hash in (select token_hash from link where expires_at < $1 order by expires_at limit $2)
