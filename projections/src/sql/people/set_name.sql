-- Calls the person $1 by the name $2.
update people set name = $2 where person_id = $1
