-- How many organisations there are that are not archived.
select count(*) from org_detail where status <> 'archived'
