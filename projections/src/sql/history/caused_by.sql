-- Events that the events at the positions that follow led to.
select position from history where causation
