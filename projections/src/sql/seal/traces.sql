-- Whether anything says that there were events before, though the log has none.
select count(*) from (
    select 1 from commands
    union all select 1 from claims
    union all select 1 from projection where position > 0
    union all select 1 from seal where size > 0
) trace
