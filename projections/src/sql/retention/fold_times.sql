-- Forgets when batches were folded before $1, the oldest $2 at most; but for the last of these, up to which nothing is
-- known any more.
delete from projection_log
where position in (select position from projection_log order by position limit $2)
  and folded_at < $1
  and (select after.folded_at from projection_log after
       where after.position > projection_log.position order by after.position limit 1) < $1
