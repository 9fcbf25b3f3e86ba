-- On Postgres: whoever compares the walls of this database asks whether a newer version has changed it. Here all may.
select 1;
