-- Up to which position the index of parts was made, unless somebody else is at it.
select position from history_indexed for update skip locked
