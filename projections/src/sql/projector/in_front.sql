-- Events in front of the first one, which nothing that follows the log would meet.
select count(*) from events where position < 1
