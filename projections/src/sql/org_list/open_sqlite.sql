-- The open interval of each organisation in $1 (JSON): its last one, found without a look at those before it.
select o.org_id, o.valid_from, o.valid_to, o.name, o.name_key, o.slug, o.status, o.reason, o.protected, o.members,
       o.owner_id, o.owner_joined, o.owner_invitation, o.created_at, o.changed_at, o.search, o.owners
from json_each($1) asked
cross join org_list o on o.org_id = unhex(asked.value, '-') and o.valid_from = (
    select l.valid_from from org_list l where l.org_id = unhex(asked.value, '-') order by l.valid_from desc limit 1)
where o.valid_to is null
