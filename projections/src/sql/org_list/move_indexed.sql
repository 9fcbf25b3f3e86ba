-- The index of parts was made up to position $1.
update org_list_indexed set position = $1
