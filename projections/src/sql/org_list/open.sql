-- The open interval of each organisation that follows.
select org_id, valid_from, valid_to, name, name_key, slug, status, reason, protected, members,
       owner_id, owner_joined, owner_invitation, created_at, changed_at, search
from org_list
where valid_to is null and org_id
