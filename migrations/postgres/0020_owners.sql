-- Who owns an organisation, in the order in which they came to: their ids with commas between them. The first is shown, and
-- the next one where that is no owner any more.
alter table org_list add column owners text not null default '';
