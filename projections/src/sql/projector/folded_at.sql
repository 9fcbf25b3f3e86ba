-- The moment since which the position $1 is readable.
select folded_at from projection_log where position >= $1 order by position limit 1
