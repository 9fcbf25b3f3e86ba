-- The searches that the person $1 saved, by name, at most $2.
select search_id, name, query from saved_search where person_id = $1 order by name, search_id limit $2
