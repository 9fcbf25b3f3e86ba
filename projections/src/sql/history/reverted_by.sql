-- The event that undoes the one at position $1.
select position from history where reverts = $1 order by position limit 1
