-- What the people that follow are called.
select person_id, coalesce(name, email) from people where person_id
