-- Forgets what operators looked at before $1, the oldest $2 at most.
delete from operator_read
where read_id in (select read_id from operator_read order by read_id limit $2) and at < $1
