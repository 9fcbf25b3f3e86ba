-- Forgets entries of accounts from before $1, the oldest $2 at most.
delete from account_log
where entry_id in (select entry_id from account_log order by entry_id limit $2) and at < $1
