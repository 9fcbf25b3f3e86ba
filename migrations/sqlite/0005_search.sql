-- Parts of names, slugs and ids, three letters each, for searching: by the position from which an organisation was
-- called so, and only where that changed. The first letter is left out, so that names that begin with a text are not
-- among those that have it inside: the index by name has them, in order. Nothing is ever taken out: whoever searches
-- compares what is found with the row as it is now.
create virtual table org_list_parts using fts5 (
    search, content = '', columnsize = 0, tokenize = 'trigram case_sensitive 1'
);

-- Up to which position they are taken in: many at a time, when nobody waits. Whoever searches reads the rows behind it.
create table org_list_indexed (
    one      integer primary key check (one = 1),
    position integer not null
) strict;
insert into org_list_indexed (one, position) values (1, 0);

-- What was typed into events, 64 of them a row: so few rows that a common text has few places as well. Block 0 begins
-- at position 1. Nothing is ever taken out or changed, as little as in the log.
create virtual table history_parts using fts5 (
    words, content = '', columnsize = 0, tokenize = 'trigram case_sensitive 1'
);

-- Up to which position they are taken in: whole blocks. Whoever searches reads the rows behind it.
create table history_indexed (
    one      integer primary key check (one = 1),
    position integer not null
) strict;
insert into history_indexed (one, position) values (1, 0);

-- Parts of addresses, three letters each, for searching. Writing one row costs as
-- much as a few dozen at once, so they go in by blocks of 64; whoever searches reads the last block as well.
create virtual table people_parts using fts5 (
    email, content = '', columnsize = 0, tokenize = 'trigram case_sensitive 1'
);
create trigger people_parts_block after insert on people when new.number % 64 = 0
begin
    insert into people_parts (rowid, email)
    select number, email from people where number > new.number - 64 and number <= new.number order by number;
end;
create trigger people_parts_changed after update of email on people
begin
    insert into people_parts (rowid, email) values (new.number, new.email);
end;
