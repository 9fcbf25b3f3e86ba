-- Takes the texts behind position $1, up to $2, into the index of parts: those that
-- differ from what stood before them.
insert into org_list_parts (position, search)
select valid_from, substr(search, 2)
from org_list named
where valid_from > $1 and valid_from <= $2
  and named.search is distinct from (select before.search from org_list before
                    where before.org_id = named.org_id and before.valid_from < named.valid_from
                    order by before.valid_from desc limit 1)
order by valid_from
on conflict do nothing
