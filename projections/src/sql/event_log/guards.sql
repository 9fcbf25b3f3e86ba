-- All counts. There are few.
select name, value from guards
