-- The open interval of each organisation in $1: its last one, found without a look at those before it.
select o.org_id, o.valid_from, o.valid_to, o.name, o.name_key, o.slug, o.status, o.reason, o.protected, o.members,
       o.owner_id, o.owner_joined, o.owner_invitation, o.created_at, o.changed_at, o.search, o.owners
from unnest($1::uuid[]) as asked (org_id),
     lateral (select * from org_list l where l.org_id = asked.org_id order by l.valid_from desc limit 1) o
where o.valid_to is null
