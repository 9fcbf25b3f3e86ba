-- Protected organisations that are suspended or archived, by their slugs.
select org_id, name, slug, status, reason
from org_detail
where protected and status <> 'active'
order by slug
