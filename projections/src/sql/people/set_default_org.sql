-- Opens $2 for the person $1 without asking.
update people set default_org_id = $2 where person_id = $1
