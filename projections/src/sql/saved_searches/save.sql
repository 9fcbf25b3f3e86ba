-- Saves the search $1 of the person $2: name $3, query $4, at $5; in the place of one with that name, or if there are
-- fewer than $6.
insert into saved_search (search_id, person_id, name, query, saved_at)
select $1, $2, $3, $4, $5
where (select count(*) from saved_search where person_id = $2 and name <> $3) < $6
on conflict (person_id, name) do update set query = excluded.query, saved_at = excluded.saved_at
