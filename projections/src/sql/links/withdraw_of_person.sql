-- Takes back unused links of the person $1 for the purpose $2.
delete from link where person_id = $1 and purpose = $2 and used_at is null
