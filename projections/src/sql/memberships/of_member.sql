-- The role of the person $2 in the organisation $1.
select person_id, role from membership where org_id = $1 and person_id = $2
