-- The sessions of the person $1 no longer count as proven by two factors, if the person has no second factor left.
update session set two_factors = false
where person_id = $1
  and not exists (select 1 from totp where person_id = $1)
  and not exists (select 1 from passkey where person_id = $1)
