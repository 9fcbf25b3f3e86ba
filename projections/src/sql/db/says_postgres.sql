-- Whether the schema says who can live with it.
select to_regclass('public.schema_compat') is not null
