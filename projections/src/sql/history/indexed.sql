-- Up to which position the index of parts was made.
select position from history_indexed
