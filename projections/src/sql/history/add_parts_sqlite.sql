-- Takes what was typed into the events behind position $1, up to $2, into the index of parts: 64 of them a row.
insert into history_parts (rowid, words)
select (position - 1) / 64, group_concat(words, char(10))
from history
where position > $1 and position <= $2 and words <> ''
group by 1
order by 1
