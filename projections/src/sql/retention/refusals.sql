-- Forgets what was refused before $1, the oldest $2 at most.
delete from access_log
where entry_id in (select entry_id from access_log where at < $1 order by at limit $2)
