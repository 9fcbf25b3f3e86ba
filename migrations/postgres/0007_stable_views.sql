-- For other programs: three views that stay as they are, whatever becomes of the tables behind them. A role that is
-- given portal_reader (grant portal_reader to billing) reads them, and nothing else: all organisations, and no person, no
-- reason and no event.
--
-- organisations: each one, archived ones as well.
--   org_id      uuid         for ever the same
--   slug        text         as in addresses; changes now and then, and no other organisation ever gets an old one
--   name        text
--   status      text         active, suspended or archived
--   protected   boolean      stopped by mistake, it would stop those who run portal
--   created_at  timestamptz
--   changed_at  timestamptz  of its last event
--
-- governance_resource_types: what kinds of things there are, inactive ones as well.
--   code        text         for ever the same
--   label       text
--   description text         may be empty
--   actions     text[]       some of create, list, read, update and delete, at least one, in this order
--   spread      text         everywhere, new_only or opt_in
--   active      boolean      whether any organisation has it
--   defined_at  timestamptz
--   changed_at  timestamptz  of its last event
--
-- org_resource_types: who has what. Neither an archived organisation nor an inactive type is in it; a suspended
-- organisation is, and organisations says that it is suspended.
--   org_id      uuid
--   slug        text
--   code        text
--   because     text         policy: of the type; choice: of the organisation
--   position    bigint       in the log, of the event that it comes from
--
-- Names, types, order and meaning of these columns never change; a new one comes behind the others.
--
-- A rebuild runs this text once more, on the tables that it puts in place: a view belongs to tables and not to their
-- names. Replaced and not dropped, so that what was granted on a view stays. Views read with the rights of their owner,
-- to whom row-level security does not apply, since the tables are theirs as well.

create or replace view organisations as
select o.org_id, s.slug, o.name, o.status, o.protected, o.created_at, o.changed_at
from org_detail o
join org_slug s on s.org_id = o.org_id and s.slug = o.slug; -- which is found by its slug

create or replace view governance_resource_types as
select code, label, description, string_to_array(actions, ', ') as actions, spread, active, defined_at, changed_at
from resource_type;

create or replace view org_resource_types as
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

do $$
declare
    stable text;
begin
    if exists (select from pg_roles where rolname = 'portal_reader') then
        grant usage on schema public to portal_reader;
    end if;
    foreach stable in array array['organisations', 'governance_resource_types', 'org_resource_types'] loop
        execute format('alter view %I owner to current_user', stable); -- whoever made the tables
        if exists (select from pg_roles where rolname = 'portal_reader') then
            execute format('grant select on %I to portal_reader', stable);
        end if;
    end loop;
end $$;
