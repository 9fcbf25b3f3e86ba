-- Organisations whose name begins with $1 (1: from $1 to before $2), that have it further inside (2: the pattern $3), or
-- whose owner has it in the address (3: likewise), and that pass the filter; at most $4 of each: how many, and their ids.
select 1 as part, count(*) as number, coalesce(string_agg(org_id::text, ','), '') as ids from (
    select org_id from org_list it
    where valid_to is null and name_key >= $1 and name_key < $2 and {filter}
    limit $4
) beginning
union all
select 2, count(*), coalesce(string_agg(org_id::text, ','), '') from (
    select inside.org_id
    from (
        select position from org_list_parts where search like $3 escape '!'
        union all -- rows that the index of parts doesn't have yet
        select valid_from from org_list
        where valid_from > (select position from org_list_indexed) and substr(search, 2) like $3 escape '!'
    ) hit
    cross join lateral ( -- one after the other, until there are enough
        select it.org_id
        from org_list named
        join lateral ( -- the last interval, found without a look at those before it
            select * from org_list l where l.org_id = named.org_id order by l.valid_from desc limit 1
        ) it on it.valid_to is null and it.search = named.search
        where named.valid_from = hit.position and {filter}
        limit 1
    ) inside
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
    where lower(email) like $3 escape '!'
    limit $4
) owned
