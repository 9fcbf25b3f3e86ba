-- The index of parts was made up to position $1.
update history_indexed set position = $1
