-- Takes what was typed into the events behind position $1, up to $2, into the index of parts: 64 of them a row.
insert into history_parts (block, words)
select (position - 1) / 64, string_agg(words, E'\n' order by position)
from history
where position > $1 and position <= $2 and words <> ''
group by 1
order by 1
on conflict do nothing
