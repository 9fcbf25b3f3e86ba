-- Sets the reason $1 why time goes back with the next event; null if it does not go back, or has done so.
update clock set jump = $1
