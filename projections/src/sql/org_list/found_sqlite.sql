-- Organisations whose name begins with $1 (1: from $1 to before $2), that have it further inside (2: the pattern $3), or
-- whose owner has it in the address (3: likewise), and that pass the filter; at most $4 of each: how many, and their ids.
-- $5 is the text for the indexes of parts; rows that they don't have yet are read.
select 1 as part, count(*) as number, coalesce(group_concat(hex(org_id)), '') as ids from (
    select org_id from org_list it
    where valid_to is null and name_key >= $1 and name_key < $2 and {filter}
    limit $4
)
union all
select 2, count(*), coalesce(group_concat(hex(org_id)), '') from (
    select it.org_id
    from (
        select rowid as position from org_list_parts where org_list_parts match $5
        union all
        select valid_from from org_list
        where valid_from > (select position from org_list_indexed) and substr(search, 2) like $3 escape '!'
    ) hit
    cross join org_list named on named.valid_from = hit.position
    -- the last interval, found without a look at those before it
    cross join org_list it on it.org_id = named.org_id and it.valid_from = (
        select max(l.valid_from) from org_list l where l.org_id = named.org_id)
        and it.valid_to is null
    where it.search like $3 escape '!' and named.search = it.search and {filter}
    limit $4
)
union all
select 3, count(*), coalesce(group_concat(hex(org_id)), '') from (
    select it.org_id
    from (
        select rowid as number from people_parts where people_parts match $5
        union all
        select number from people
        where number > (select max(number) / 64 * 64 from people) and email like $3 escape '!'
    ) hit
    cross join people on people.number = hit.number
    cross join org_list it on it.owner_id = people.person_id and it.valid_to is null
    where people.email like $3 escape '!' and {filter}
    limit $4
)
