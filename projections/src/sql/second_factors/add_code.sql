-- Gives the person $1 the recovery code with the hash $2.
insert into recovery_code (person_id, code_hash) values ($1, $2)
