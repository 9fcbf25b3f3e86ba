-- Adds the entry $1 of $2 about the person $3: the kind $4, the detail $5, from the address $6 and the browser $7, in the
-- session $8. Where it has a minute $9, it is one for an address, and one of $10 in an hour.
insert into account_log (entry_id, at, person_id, kind, detail, address, agent, session_id, minute)
select $1, $2, $3, $4, $5, $6, $7, $8, $9
where $9 is null
   or (select count(*) from account_log where person_id = $3 and kind = $4 and minute > $9 - 60) < $10
on conflict do nothing
