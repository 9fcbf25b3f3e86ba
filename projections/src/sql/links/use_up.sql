-- Uses up the link with the token hash $1 at $2.
update link set used_at = $2 where token_hash = $1 and used_at is null and expires_at > $2
