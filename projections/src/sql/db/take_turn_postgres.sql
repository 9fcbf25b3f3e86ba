-- From here to the end of this connection no other process brings the schema up to date.
begin;
lock table schema_turn in exclusive mode
