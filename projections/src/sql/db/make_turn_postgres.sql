-- The table that a process locks while it runs the migrations. It is made before the first migration.
create table if not exists schema_turn ()
