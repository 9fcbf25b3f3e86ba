-- Makes the people that follow, unless they are there.
insert into people (person_id, email, created_at)
