-- The organisation that has or had the slug $1.
select o.org_id, o.name, o.slug, o.status, o.reason
from org_slug s
join org_detail o on o.org_id = s.org_id
where s.slug = $1
