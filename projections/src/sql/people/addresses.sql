-- The addresses of the people that follow.
select person_id, email from people where person_id
