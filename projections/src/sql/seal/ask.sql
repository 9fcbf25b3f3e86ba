-- Asks the question $1 about the origin $2, at $3.
insert into seal_question (question, origin, asked_at) values ($1, $2, $3)
