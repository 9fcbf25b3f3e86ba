-- The shared secret of the person $1, and how many recovery codes are left.
select secret, last_step, created_at,
       (select count(*) from recovery_code where person_id = $1 and used_at is null) as codes_left
from totp
where person_id = $1
