-- Whether the schema says who can live with it.
select exists (select 1 from sqlite_master where type = 'table' and name = 'schema_compat')
