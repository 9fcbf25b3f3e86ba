-- Takes the texts of the organisation $1 from position $2 on, as far as the index of parts is made, into that: those that
-- differ from what stood before them.
insert into org_list_parts (rowid, search)
select valid_from, substr(search, 2)
from org_list named
where org_id = $1 and valid_from >= $2 and valid_from <= (select position from org_list_indexed)
  and named.search is not (select before.search from org_list before
                    where before.org_id = named.org_id and before.valid_from < named.valid_from
                    order by before.valid_from desc limit 1)
order by valid_from
