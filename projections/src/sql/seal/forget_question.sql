-- Forgets the question $1, and those that were asked before $2.
delete from seal_question where question = $1 or asked_at < $2
