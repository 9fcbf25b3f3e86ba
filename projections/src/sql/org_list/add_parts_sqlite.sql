-- Takes the texts behind position $1, up to $2, into the index of parts: those that are new to their organisation.
insert into org_list_parts (rowid, search)
select valid_from, substr(search, 2)
from org_list named
where valid_from > $1 and valid_from <= $2
  and (select 1 from org_list before where before.org_id = named.org_id -- a lookup for each row, never a join
       and before.valid_from < named.valid_from and before.search = named.search limit 1) is null
order by valid_from
