-- What a process holds while it brings the schema up to date. In front of every migration.
create table if not exists schema_turn ()
