-- Counts events at positions before 1, which no reader that follows the log would meet.
select count(*) from events where position < 1
