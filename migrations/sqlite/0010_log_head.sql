-- On SQLite the one connection that writes is what keeps appends apart: there is nothing to lock.
select 1;
