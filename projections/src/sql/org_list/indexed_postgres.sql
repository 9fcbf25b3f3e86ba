-- Up to which position the index of parts was made, unless somebody else is at it.
select position from org_list_indexed for update skip locked
