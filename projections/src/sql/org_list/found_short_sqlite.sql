-- The same for one or two characters, which no index of parts has: every name and every address is read, until there
-- are $6 of each.
select 1 as part, org_id from (
    select org_id from org_list
    where valid_to is null and name_key >= $1 and name_key < $2
      and (status = $4 or $4 = '' and status <> 'archived') and (not $5 or not owner_joined)
    limit $6
)
union all
select 2, org_id from (
    select org_id from org_list indexed by org_list_name
    where valid_to is null and substr(search, 2) like $3 escape '!'
      and (status = $4 or $4 = '' and status <> 'archived') and (not $5 or not owner_joined)
    limit $6
)
union all
select 3, org_id from (
    select org_id from people cross join org_list on owner_id = person_id and valid_to is null
    where email like $3 escape '!'
      and (status = $4 or $4 = '' and status <> 'archived') and (not $5 or not owner_joined)
    limit $6
)
