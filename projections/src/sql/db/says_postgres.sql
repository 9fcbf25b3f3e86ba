-- Says whether the schema has the table that names the lowest feature level it supports.
select to_regclass('public.schema_compat') is not null
