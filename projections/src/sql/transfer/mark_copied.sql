-- Says that this is a copy of the log of another portal, up to the position $1.
insert into copied (one, up_to) values (1, $1)
