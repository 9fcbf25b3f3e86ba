-- The reason $1 why time goes back with the next event, or nothing where it does not, or has.
update clock set jump = $1
