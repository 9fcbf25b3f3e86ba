-- How often resource types were defined or changed: the sequences of their streams, which count from 1, added up.
select cast(coalesce(sum(sequence), 0) as bigint) from resource_type
