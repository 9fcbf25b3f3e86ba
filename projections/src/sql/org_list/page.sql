-- Columns of the list; what follows says how many there are in all, which ones, in which order.
select org_id, name, name_key, slug, status, reason, protected, members, owner_joined,
       (select email from people where person_id = owner_id) as owner_email, created_at, changed_at,
