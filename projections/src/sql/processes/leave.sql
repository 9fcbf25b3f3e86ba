-- The process $1 does not run any more.
delete from processes where process_id = $1
