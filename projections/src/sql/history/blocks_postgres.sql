-- Blocks from $2 to $3 whose events have the pattern $1 among what was typed into them; what follows says which first.
select block from history_parts where words like $1 escape '!' and block >= $2 and block <= $3 order by block
