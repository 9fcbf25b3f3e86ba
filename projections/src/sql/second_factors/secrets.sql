-- The shared secrets of people behind $1, at most $2.
select person_id, secret from totp where person_id > $1 order by person_id limit $2
