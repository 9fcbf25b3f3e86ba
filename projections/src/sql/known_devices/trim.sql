-- Forgets all devices of the person $1 but the last $2 that were used.
delete from known_device
where person_id = $1 and token_hash not in (
    select token_hash from known_device where person_id = $1 order by last_used_at desc, token_hash limit $2
)
