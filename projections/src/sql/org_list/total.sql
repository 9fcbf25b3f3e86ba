-- Adds to how many organisations there are: $1 active, $2 of them without an owner, $3 and $4 suspended, $5 and $6
-- archived.
insert into org_total
    (one, active, active_unowned, suspended, suspended_unowned, archived, archived_unowned)
values (1, $1, $2, $3, $4, $5, $6)
on conflict (one) do update set
    active = org_total.active + excluded.active,
    active_unowned = org_total.active_unowned + excluded.active_unowned,
    suspended = org_total.suspended + excluded.suspended,
    suspended_unowned = org_total.suspended_unowned + excluded.suspended_unowned,
    archived = org_total.archived + excluded.archived,
    archived_unowned = org_total.archived_unowned + excluded.archived_unowned
