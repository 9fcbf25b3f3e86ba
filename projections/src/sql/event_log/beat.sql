-- Notes that something could be written, at the moment $1, which was believed.
update clock set beats = beats + 1, seen_at = case when seen_at > $1 then seen_at else $1 end
