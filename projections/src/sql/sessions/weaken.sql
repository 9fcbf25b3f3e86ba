-- What the sessions of the person $1 have shown besides a password is nothing any more, if nothing of it is left.
update session set two_factors = false
where person_id = $1
  and not exists (select 1 from totp where person_id = $1)
  and not exists (select 1 from passkey where person_id = $1)
