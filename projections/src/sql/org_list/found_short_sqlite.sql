-- For a text too short for an index of parts, so that names and addresses are read until there are enough:
-- organisations whose name begins with $1 (1: from $1 to before $2), that have it further inside (2: the pattern $3), or
-- whose owner has it in the address (3: likewise); of status $4 or any but archived, without an owner if $5; at most $6
-- of each: how many, and their ids.
select 1 as part, count(*) as number, coalesce(group_concat(hex(org_id)), '') as ids from (
    select org_id from org_list
    where valid_to is null and name_key >= $1 and name_key < $2
      and (status = $4 or $4 = '' and status <> 'archived') and (not $5 or not owner_joined)
    limit $6
)
union all
select 2, count(*), coalesce(group_concat(hex(org_id)), '') from (
    select org_id from org_list indexed by org_list_name
    where valid_to is null and search like $3 escape '!'
      and (status = $4 or $4 = '' and status <> 'archived') and (not $5 or not owner_joined)
    limit $6
)
union all
select 3, count(*), coalesce(group_concat(hex(org_id)), '') from (
    select org_id from people cross join org_list on owner_id = person_id and valid_to is null
    where email like $3 escape '!'
      and (status = $4 or $4 = '' and status <> 'archived') and (not $5 or not owner_joined)
    limit $6
)
