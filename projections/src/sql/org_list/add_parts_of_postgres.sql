-- Takes the texts of the organisation $1 from position $2 on, as far as the index of parts is made, into that: those that
-- differ from what stood before them. The index waits for this.
with indexed as (select position from org_list_indexed for update)
insert into org_list_parts (position, search)
select valid_from, substr(search, 2)
from org_list named
where org_id = $1 and valid_from >= $2 and valid_from <= (select position from indexed)
  and named.search is distinct from (select before.search from org_list before
                    where before.org_id = named.org_id and before.valid_from < named.valid_from
                    order by before.valid_from desc limit 1)
order by valid_from
on conflict do nothing
