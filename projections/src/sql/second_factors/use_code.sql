-- Uses the recovery code with the hash $2 of the person $1 at $3, once.
update recovery_code set used_at = $3 where person_id = $1 and code_hash = $2 and used_at is null
