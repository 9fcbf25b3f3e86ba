-- The person with the address $2, made as $1 if there is none, and a link with the token hash $3 for them: purpose $4,
-- organisation $5, invitation $6, from $7 until $8.
with made as (
    insert into people (person_id, email, created_at) values ($1, $2, $7) on conflict do nothing returning person_id
), person as (
    select person_id from made union all select person_id from people where email = $2 limit 1
)
insert into link (token_hash, purpose, person_id, org_id, invitation_id, created_at, expires_at)
select $3, $4, person_id, $5, $6, $7, $8 from person
returning person_id
