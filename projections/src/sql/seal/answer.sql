-- Answers the question $1 with the checkpoint $2 and the signature $3, if nobody was faster.
update seal_question set checkpoint = $2, signature = $3 where question = $1 and checkpoint is null
