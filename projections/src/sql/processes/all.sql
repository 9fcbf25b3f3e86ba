-- Processes that run or did lately, the oldest first.
select process_id, version, feature_level, started_at, seen_at from processes order by started_at, process_id
