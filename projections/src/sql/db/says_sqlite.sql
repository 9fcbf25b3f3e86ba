-- Says whether the schema has the table that names the lowest feature level it supports.
select exists (select 1 from sqlite_master where type = 'table' and name = 'schema_compat')
