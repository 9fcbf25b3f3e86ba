-- People with the pattern $1 in their address or name, at most $2.
select person_id from people where lower(email) like $1 escape '!' or lower(name) like $1 escape '!' limit $2
