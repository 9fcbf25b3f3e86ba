-- Takes a code of the step $2 of the person $1, unless this or a later one was taken.
update totp set last_step = $2 where person_id = $1 and last_step < $2
