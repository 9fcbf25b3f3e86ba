-- Removes the search $2 of the person $1.
delete from saved_search where person_id = $1 and search_id = $2
