-- Makes the indexes that searching wants, where an earlier start could not; gives whether they are there. Where they are,
-- nothing is locked: asking to make one waits for whoever writes to its table, and they may be waiting for us.
select case
           when to_regclass('public.org_list_parts_search') is not null and to_regclass('public.history_parts_words') is not null
               and to_regclass('public.people_names') is not null and to_regclass('public.people_parts') is not null then true
           else index_parts()
       end
