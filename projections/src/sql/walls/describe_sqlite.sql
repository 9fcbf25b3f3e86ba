-- What this file says of its own walls: on which table, what, and how it is.
select lower(tbl_name) as "table", type || ' ' || name as what, sql as how
from sqlite_schema
where sql is not null and (type <> 'index' or sql like 'create unique%')
order by 1, 2
