-- Makes the indexes that searching wants, where an earlier start could not; gives whether they are there.
select index_parts()
