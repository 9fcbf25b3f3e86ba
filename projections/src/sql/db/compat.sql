-- The lowest feature level that can live with this schema.
select min_feature_level from schema_compat
