-- Up to which position the index of parts was made.
select position from org_list_indexed
