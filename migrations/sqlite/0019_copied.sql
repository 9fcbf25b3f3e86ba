-- That this is a copy of the first part of another portal's log, made to look around in. It is not sealed: what happens here
-- would contradict what is signed of the other one.
create table copied (
    one   integer primary key check (one = 1),
    up_to integer not null
) strict;
