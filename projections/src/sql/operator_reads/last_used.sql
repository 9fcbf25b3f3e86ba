-- When the people that follow last read anything through the platform scope.
select person_id, (select max(r.at) from operator_read r where r.person_id = people.person_id) from people where person_id
