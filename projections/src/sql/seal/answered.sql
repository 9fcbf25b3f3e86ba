-- The answer to the question $1, where there is one.
select checkpoint, signature from seal_question where question = $1 and checkpoint is not null and signature is not null
