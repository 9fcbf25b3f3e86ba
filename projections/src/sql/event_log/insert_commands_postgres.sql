-- Remembers what was carried out.
insert into commands (command_id, fingerprint, actor, first_position, last_position, sequence)
select * from unnest($1::uuid[], $2::bytea[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
