-- Questions about the origin $1 that nobody has answered yet, the newest first.
select question from seal_question where origin = $1 and checkpoint is null order by asked_at desc limit 100
