-- Who has the addresses that follow.
select email, person_id from people where email in (
