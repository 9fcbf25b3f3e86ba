-- For other programs: the three views that Postgres has, where their columns are explained. Here an org_id is a blob of 16
-- bytes, a time is an integer, of microseconds since 1970, a boolean is 0 or 1, and actions are a text with ", " between
-- them. Whoever may read the file may read them; portal keeps it open, and others open it to read only.

create view organisations as
select o.org_id, s.slug, o.name, o.status, o.protected, o.created_at, o.changed_at
from org_detail o
join org_slug s on s.org_id = o.org_id and s.slug = o.slug; -- which is found by its slug

create view governance_resource_types as
select code, label, description, actions, spread, active, defined_at, changed_at
from resource_type;

create view org_resource_types as
select o.org_id, s.slug, t.code,
       case when c.choice is null then 'policy' else 'choice' end as because,
       case when c.choice is null then t.spread_position else c.chosen_position end as position
from org_detail o
join org_slug s on s.org_id = o.org_id and s.slug = o.slug
cross join resource_type t
left join org_resource_choice c on c.org_id = o.org_id and c.code = t.code
where o.status <> 'archived' and t.active
  and case c.choice
          when 'opted_in' then true
          when 'opted_out' then false
          else t.spread = 'everywhere' or (t.spread = 'new_only' and o.position > t.spread_position)
      end;
