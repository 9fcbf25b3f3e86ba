-- For a text too short for an index of parts, so that names and addresses are read until there are enough:
-- organisations whose name begins with $1 (1: from $1 to before $2), that have it further inside (2: the pattern $3), or
-- whose owner has it in the address (3: likewise), and that pass the filter; at most $4 of each: how many, and their ids.
select 1 as part, count(*) as number, coalesce(string_agg(org_id::text, ','), '') as ids from (
    select org_id from org_list it
    where valid_to is null and name_key >= $1 and name_key < $2 and {filter}
    limit $4
) beginning
union all
select 2, count(*), coalesce(string_agg(org_id::text, ','), '') from (
    select org_id
    from (
        select org_id, search from org_list it
        where valid_to is null and {filter}
        order by name_key, org_id
        offset 0 -- along the index of names, which has all that is asked for
    ) walked
    where search like $3 escape '!'
    limit $4
) inside
union all
select 3, count(*), coalesce(string_agg(org_id::text, ','), '') from (
    select org_id
    from people cross join lateral (
        select org_id from org_list it
        where valid_to is null and owner_id = person_id and {filter}
        offset 0 -- one person after the other, until there are enough
    ) of_owner
    where email like $3 escape '!'
    limit $4
) owned
