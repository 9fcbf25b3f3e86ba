-- Where every projection stands that nobody else works at; held until the transaction ends.
select name, version, position, error from projection order by name, version for update skip locked
