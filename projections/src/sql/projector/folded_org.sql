-- The sequence up to which the read model has the organisation $1.
select sequence from org_detail where org_id = $1
