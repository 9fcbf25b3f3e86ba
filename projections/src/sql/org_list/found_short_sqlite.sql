-- For a text too short for an index of parts, so that names and addresses are read until there are enough:
-- organisations whose name begins with $1 (1: from $1 to before $2), that have it further inside (2: the pattern $3), or
-- whose owner has it in the address (3: likewise), and that pass the filter; at most $4 of each: how many, and their ids.
select 1 as part, count(*) as number, coalesce(group_concat(hex(org_id)), '') as ids from (
    select org_id from org_list it
    where valid_to is null and name_key >= $1 and name_key < $2 and {filter}
    limit $4
)
union all
select 2, count(*), coalesce(group_concat(hex(org_id)), '') from (
    select org_id from org_list it indexed by org_list_name
    where valid_to is null and search like $3 escape '!' and {filter}
    limit $4
)
union all
select 3, count(*), coalesce(group_concat(hex(org_id)), '') from (
    select org_id from people cross join org_list it on owner_id = person_id and valid_to is null
    where email like $3 escape '!' and {filter}
    limit $4
)
