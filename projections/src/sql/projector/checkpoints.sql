-- Where every projection stands.
select name, version, position, error from projection order by name, version
