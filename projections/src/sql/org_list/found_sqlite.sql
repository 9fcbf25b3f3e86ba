-- Organisations whose name begins with $1 (1: from $1 to before $2), that have it further inside (2: the pattern $3), or
-- whose owner has it in the address (3: likewise); of status $4 or any but archived, without an owner if $5; at most $6
-- of each: how many, and their ids. $7 is the text for the
-- indexes of parts; rows that they don't have yet are read.
select 1 as part, count(*) as number, coalesce(group_concat(hex(org_id)), '') as ids from (
    select org_id from org_list
    where valid_to is null and name_key >= $1 and name_key < $2
      and (status = $4 or $4 = '' and status <> 'archived') and (not $5 or not owner_joined)
    limit $6
)
union all
select 2, count(*), coalesce(group_concat(hex(org_id)), '') from (
    select now.org_id
    from (
        select rowid as position from org_list_parts where org_list_parts match $7
        union all
        select valid_from from org_list
        where valid_from > (select position from org_list_indexed) and substr(search, 2) like $3 escape '!'
    ) hit
    cross join org_list named on named.valid_from = hit.position
    -- the last interval, found without a look at those before it
    cross join org_list now on now.org_id = named.org_id and now.valid_from = (
        select max(l.valid_from) from org_list l where l.org_id = named.org_id)
        and now.valid_to is null
    where now.search like $3 escape '!'
      and (now.status = $4 or $4 = '' and now.status <> 'archived') and (not $5 or not now.owner_joined)
      and named.search = now.search
    limit $6
)
union all
select 3, count(*), coalesce(group_concat(hex(org_id)), '') from (
    select owned.org_id
    from (
        select rowid as number from people_parts where people_parts match $7
        union all
        select number from people
        where number > (select max(number) / 64 * 64 from people) and email like $3 escape '!'
    ) hit
    cross join people on people.number = hit.number
    cross join org_list owned on owned.owner_id = people.person_id and owned.valid_to is null
    where people.email like $3 escape '!'
      and (owned.status = $4 or $4 = '' and owned.status <> 'archived') and (not $5 or not owned.owner_joined)
    limit $6
)
