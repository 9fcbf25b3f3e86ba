//! The preview of an order: a dry run on each of many organisations.

use domain::Org;
use domain::org::{OrgCommand, OrgError};
use maud::{Markup, html};
use projections::memberships::{self, SuspensionImpact};
use projections::org_list::{self, OrgRow};
use uuid::Uuid;

use super::super::action::OrgAction;
use super::super::bulk::selection::Selection;
use super::BulkOrder;
use crate::access::Operator;
use crate::app::App;
use crate::bus::Refusal;
use crate::clock;
use crate::layout::form::Errors;
use crate::ui::{self, Column};
use crate::web::error::Error;
use crate::web::paths;

/// What the order would do to each of the ticked organisations.
pub(super) struct Preview {
    order: BulkOrder,
    rows: Vec<PreviewRow>,
    /// The people that the whole order hits, each of them once.
    all: SuspensionImpact,
}

/// One of the ticked organisations.
struct PreviewRow {
    org: OrgRow,
    hit: SuspensionImpact,
    /// The selection with the sequence that was seen, or why the order leaves this one out.
    outcome: Result<Selection, Markup>,
}

impl Preview {
    /// Does a dry run on each organisation. An id without an organisation is an error.
    pub(super) async fn of(
        app: &App,
        operator: &Operator,
        order: BulkOrder,
        ticked: &[Selection],
        errors: &mut Errors,
    ) -> Result<Self, Error> {
        let command = order.rehearsal()?;
        let ids: Vec<Uuid> = ticked.iter().map(|it| it.org.0).collect();
        let mut orgs = org_list::now(&app.db, &operator.platform, &ids).await?;
        let mut rows = vec![];
        for id in ids {
            match orgs.remove(&id) {
                None => errors.add("", format!("there is no organisation with the id {id}")),
                Some(org) => {
                    let outcome = rehearsed(app, operator, order, &command, &org).await?;
                    let hit = memberships::blast(&app.db, &operator.platform, &[id], clock::now()).await?;
                    rows.push(PreviewRow { org, hit, outcome });
                }
            }
        }
        let done: Vec<Uuid> = rows.iter().filter_map(|row| Some(row.outcome.as_ref().ok()?.org.0)).collect();
        let all = memberships::blast(&app.db, &operator.platform, &done, clock::now()).await?;
        Ok(Self { order, rows, all })
    }

    /// The organisations that the order would change.
    pub(super) fn done(&self) -> Vec<Selection> {
        self.rows.iter().filter_map(|row| row.outcome.as_ref().ok().copied()).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn totals(&self) -> Markup {
        let SuspensionImpact { members, sessions, stranded } = self.all;
        let done = format!("{} of {}", self.done().len(), self.rows.len());
        match self.order {
            BulkOrder::Suspension => ui::stats(&[
                ui::stat("To be suspended", &done, Some("of those selected")),
                ui::stat("Members", &members.to_string(), Some("kept out, each counted once")),
                ui::stat("Open sessions", &sessions.to_string(), Some("of these members")),
                ui::stat("Left with nothing", &stranded.to_string(), Some("no other active organisation")),
            ]),
            BulkOrder::Reinstatement => ui::stats(&[
                ui::stat("To be reinstated", &done, Some("of those selected")),
                ui::stat("Members", &members.to_string(), Some("let in again, each counted once")),
            ]),
        }
    }

    pub(super) fn table(&self) -> Markup {
        let columns = [
            Column::new("Organisation"),
            Column::new("Status"),
            Column::new("Members").numeric(),
            Column::new("Open sessions").numeric(),
            Column::new("What happens").wide(),
        ];
        let row = |row: &PreviewRow| {
            vec![
                html! { a href=(paths::org(row.org.org_id)) { (row.org.name) } @if row.org.protected { " " (ui::badge("protected")) } },
                ui::badge(&row.org.status),
                html! { (row.hit.members) },
                html! { (row.hit.sessions) },
                match &row.outcome {
                    Ok(_) => html! { strong { (self.order.happens()) } },
                    Err(why) => html! { "Nothing: " (why) },
                },
            ]
        };
        ui::table("What happens to each", &columns, &self.rows.iter().map(row).collect::<Vec<_>>())
    }
}

async fn rehearsed(
    app: &App,
    operator: &Operator,
    order: BulkOrder,
    command: &OrgCommand,
    org: &OrgRow,
) -> Result<Result<Selection, Markup>, Error> {
    let (principal, id) = (operator.principal(), domain::values::OrgId(org.org_id));
    Ok(match app.bus.dry_run::<Org>(&principal, &id, command.clone()).await {
        Ok(it) if it.events.is_empty() => Err(html! { (order.already()) }),
        Ok(it) => Ok(Selection { org: id, sequence: Some(it.sequence) }),
        Err(refusal) => match refusal.answerable()? {
            Refusal::Rule(OrgError::Protected) => {
                let alone = paths::org_action(org.org_id, OrgAction::Suspension);
                Err(
                    html! { "it is protected; " a href=(alone) { "suspend it by itself" } ", with its slug typed" },
                )
            }
            Refusal::Rule(why) => Err(html! { (why) }),
            Refusal::Stale { .. } | Refusal::Taken { .. } | Refusal::LastOne | Refusal::AddressTaken => {
                return Err(Error::Conflict(
                    "Somebody changed this in the meantime. Open it again and look.".to_owned(),
                ));
            }
        },
    })
}
