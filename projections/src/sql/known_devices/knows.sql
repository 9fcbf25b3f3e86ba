-- Whether the device with the token hash $1 was used since $3 by whoever has the address $2.
select exists (
    select 1
    from known_device
    join people on people.person_id = known_device.person_id
    where known_device.token_hash = $1 and people.email = $2 and known_device.last_used_at > $3
)
