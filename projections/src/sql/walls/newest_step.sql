-- The newest migration of this schema, perhaps of a newer version.
select coalesce(max(version), 0) from _sqlx_migrations
