-- How many commands each of the correlations that follow has.
select correlation_id, count(distinct command_id) from history where correlation_id
