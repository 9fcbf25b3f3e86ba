-- Removes the recovery codes of the person $1.
delete from recovery_code where person_id = $1
