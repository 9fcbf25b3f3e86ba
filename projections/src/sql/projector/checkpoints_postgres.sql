-- Where every projection stands, held until the transaction ends.
select name, version, position, error from projection order by name, version for update
