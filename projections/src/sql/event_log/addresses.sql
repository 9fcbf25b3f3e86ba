-- Who has the addresses that follow, or is one of the people that follow those.
select email, person_id from people where email in (
