-- How many organisations there are that are not archived.
select coalesce((select active + suspended from org_total), 0)
