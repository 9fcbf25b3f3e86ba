//! `/admin/history/bulk/{correlation}/revert`: what would be undone of what was done together, and what not and why; and the
//! button that does it.
//!
//! Each organisation is planned and undone by itself, as its own event would be: a later decision about one of them stands in
//! the way there, and stops no other. The reverts are done together again, so they can be undone the same way.
//!
//! **Invariant:** each command is bound to the sequence that its plan was made on, and its id follows from the form's and the
//! organisation's.

use std::collections::{BTreeSet, HashMap};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::Org;
use domain::org::OrgError;
use domain::revert::{FacetChange, RevertPlan};
use futures::stream::{self, StreamExt};
use maud::{Markup, html};
use projections::event_log::Recorded;
use projections::org_detail;
use serde::Deserialize;
use uuid::Uuid;

use super::super::bulk::selection::{self, Selection};
use super::{AT_ONCE, keep_apart, last, part_of, to};
use crate::access::{Operator, Write};
use crate::app::App;
use crate::bus::{Envelope, Receipt, RefusedCommand, SendError};
use crate::identity::client::Client;
use crate::layout::AfterCommand;
use crate::layout::bulk_result::{BulkResult, counted};
use crate::layout::console::ConsolePage;
use crate::layout::form::Errors;
use crate::resources::history::revert::{RevertedEvents, Undo, way_on};
use crate::ui::{self, Column, Section, Tone};
use crate::web::error::Error;
use crate::web::extract::{Form, Path};
use crate::web::paths;

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct BulkRevertForm {
    /// The id of the new order, which all reverts share.
    command_id: Uuid,
    /// The organisations with the sequence that the preview saw. If empty, all of them as they are now.
    #[serde(default)]
    org: Vec<String>,
}

pub async fn form(
    State(app): State<App>,
    operator: Operator,
    Path(correlation): Path<Uuid>,
) -> Result<Markup, Error> {
    BulkRevert::open(&app, &operator, correlation).await?.page(html! {}).await
}

pub async fn submit(
    State(app): State<App>,
    operator: Operator,
    client: Client,
    Path(correlation): Path<Uuid>,
    Form(typed): Form<BulkRevertForm>,
) -> Result<Response, Error> {
    let together = BulkRevert::open(&app, &operator, correlation).await?;
    let mut errors = Errors::default();
    let ticked = selection::read(&typed.org, &mut errors);
    if !errors.is_empty() {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, together.page(errors.summary()).await?).into_response());
    }
    keep_apart(&app, &operator, typed.command_id).await?;
    let mut orders = vec![];
    for (undo, ticked) in together.wanted(&ticked) {
        let envelope = Envelope { address: client.address, ..part_of(typed.command_id, ticked) };
        orders.push(together.undo(undo, envelope));
    }
    let answers: Vec<Option<_>> = stream::iter(orders).buffered(AT_ONCE).collect().await;
    let what = format!("revert what was done to {}", counted(answers.len()));
    if let Some(position) = last(answers.into_iter().flatten().collect(), &what)? {
        return Ok(to(typed.command_id, position));
    }
    let again = BulkRevert::open(&app, &operator, correlation).await?;
    let said = html! { p { strong { "Nothing was done." } " This is what can be undone now." } };
    Ok((StatusCode::CONFLICT, again.page(ui::note(Tone::Warning, said)).await?).into_response())
}

/// What one order did, with a plan to undo it for each organisation.
struct BulkRevert<'a> {
    app: &'a App,
    operator: &'a Operator,
    correlation: Uuid,
    title: String,
    undos: Vec<Undo<'a, Org>>,
    names: HashMap<Uuid, String>,
}

impl<'a> BulkRevert<'a> {
    async fn open(app: &'a App, operator: &'a Operator, correlation: Uuid) -> Result<Self, Error> {
        let done = BulkResult::load(app, operator, correlation).await?;
        let mut undos: Vec<Undo<'a, Org>> = vec![];
        for (org, events) in done.orgs() {
            let (event, targets) = targets(&events);
            let events = RevertedEvents::Positions(targets);
            undos.push(Undo::of(app, operator, org, event.clone(), events).await?);
        }
        let ids: Vec<Uuid> = undos.iter().map(|undo| undo.id.0).collect();
        let names = org_detail::names_shown(&app.db, &operator.platform, &ids).await?;
        undos.sort_by_key(|undo| names.get(&undo.id.0).cloned());
        let title = format!("Revert: {}", done.title());
        Ok(Self { app, operator, correlation, title, undos, names })
    }

    /// The organisations that the form asks for, each with the sequence that it saw.
    fn wanted(&self, ticked: &[Selection]) -> Vec<(&Undo<'a, Org>, Selection)> {
        let of_form = |undo: &Undo<'a, Org>| ticked.iter().find(|it| it.org == undo.id).copied();
        let as_it_stands = |undo: &Undo<'a, Org>| Selection { org: undo.id, sequence: None };
        let seen =
            |undo: &Undo<'a, Org>| if ticked.is_empty() { Some(as_it_stands(undo)) } else { of_form(undo) };
        self.undos.iter().filter_map(|undo| Some((undo, seen(undo)?))).collect()
    }

    /// Undoes the order for one organisation. If there is no plan any more, that is kept as a refusal.
    async fn undo(
        &self,
        undo: &Undo<'a, Org>,
        envelope: Envelope,
    ) -> Option<Result<Receipt, SendError<OrgError>>> {
        if let Some(position) = undo.done_by(envelope.command_id) {
            let sequence = undo.sequence(); // the same form again
            return Some(Ok(Receipt { position, sequence, still_updating: false }));
        }
        match &undo.plan {
            Ok(plan) => {
                let expected_sequence = envelope.expected_sequence.or(Some(undo.sequence()));
                Some(undo.order(plan.command.clone(), Envelope { expected_sequence, ..envelope }).await)
            }
            Err(why) => {
                let principal = self.operator.principal();
                let refused = RefusedCommand { name: "Revert", why: &why.to_string() };
                self.app.bus.refuse::<Org>(&principal, &undo.id, refused, &envelope).await;
                None
            }
        }
    }

    fn planned(&self) -> Vec<(&Undo<'a, Org>, &RevertPlan<Org>)> {
        self.undos.iter().filter_map(|undo| Some((undo, undo.plan.as_ref().ok()?))).collect()
    }

    async fn page(&self, note: Markup) -> Result<Markup, Error> {
        let desk = ConsolePage::open(self.app, self.operator, AfterCommand::default()).await?;
        let planned = self.planned();
        let lost: BTreeSet<&str> = planned.iter().flat_map(|(_, plan)| plan.lost.iter().copied()).collect();
        let subtitle =
            html! { (planned.len()) " of " (self.undos.len()) " can be brought back as they were." };
        let content = html! {
            (ui::head(&self.title, None, Some(subtitle), html! {}))
            (note)
            (ui::card("What changes back", self.table()))
            @if !lost.is_empty() {
                (ui::card("What does not come back", html! { ul { @for lost in &lost { li { (lost) } } } }))
            }
            (self.button(&planned))
        };
        let crumbs =
            [("History", paths::ADMIN_HISTORY.to_owned()), ("Done together", paths::bulk(self.correlation))];
        Ok(desk.page(Section::History, &self.title, &crumbs, content))
    }

    fn button(&self, planned: &[(&Undo<'a, Org>, &RevertPlan<Org>)]) -> Markup {
        let back = paths::bulk(self.correlation);
        html! {
            @if planned.is_empty() { p { (ui::button_link("Back to what was done", &back)) } }
            @else {
                form.form method="post" data-once {
                    (Write::new((), None).hidden())
                    @for (undo, _) in planned {
                        input type="hidden" name="org" value=(Selection { org: undo.id, sequence: Some(undo.sequence()) });
                    }
                    (ui::form_actions(ui::submit(&format!("Revert {}", counted(planned.len()))), Some(&back)))
                }
            }
        }
    }

    fn table(&self) -> Markup {
        let columns = [Column::new("Organisation"), Column::new("Now").wide(), Column::new("Then").wide()];
        let row = |undo: &Undo<'a, Org>| {
            let id = undo.id.0;
            let name = self.names.get(&id).map_or("an organisation", String::as_str);
            let (now, then) = match &undo.plan {
                Ok(plan) => (facets(&plan.changes, |it| &it.now), facets(&plan.changes, |it| &it.then)),
                Err(why) => (html! { "Not reverted: " (why) "." (way_on(why)) }, html! { "–" }),
            };
            vec![html! { a href=(paths::org(id)) { (name) } }, now, then]
        };
        ui::table("What changes back", &columns, &self.undos.iter().map(row).collect::<Vec<_>>())
    }
}

/// The events to undo for one organisation, and the event that the revert points at. Events that can't be undone by
/// themselves only followed from those.
fn targets<'e>(events: &[&'e Recorded]) -> (&'e Recorded, BTreeSet<i64>) {
    let reversible = |event: &&&Recorded| event.decode().is_ok_and(|fact| fact.irreversible().is_none());
    let those: Vec<&&Recorded> = events.iter().filter(reversible).collect();
    let event = those.first().copied().unwrap_or(&events[0]);
    let positions = those.iter().map(|event| event.position).chain([event.position]).collect();
    (event, positions)
}

/// One side of the changes. A single change needs no name.
fn facets(changes: &[FacetChange], side: fn(&FacetChange) -> &String) -> Markup {
    html! {
        @for change in changes {
            p { @if changes.len() > 1 { (change.facet) ": " } (side(change)) }
        }
    }
}
