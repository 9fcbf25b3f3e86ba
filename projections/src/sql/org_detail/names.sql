-- Names of the organisations that follow.
select org_id, name from org_detail where org_id
