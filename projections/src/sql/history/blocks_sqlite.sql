-- Blocks from $2 to $3 whose events have the phrase $1 among what was typed into them; what follows says which first.
select rowid from history_parts where history_parts match $1 and rowid >= $2 and rowid <= $3 order by rowid
