//! `/admin/history/{position}/revert`: what would be written to undo an event, what that would change back, what can't be
//! brought back, and the button that does it.
//!
//! The plan is made anew when the button is pressed, on the state that the command is then bound to: what was previewed is
//! what happens, or the page comes back and says what came between.

use std::collections::BTreeSet;

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use domain::revert::{FacetChange, NotPlanned, Past, Planner, RevertPlan};
use domain::values::{OrgId, PersonId, Reason, ResourceCode};
use domain::{AnyEvent, Grant, Metadata, Org, ResourceType, Revertible};
use maud::{Markup, html};
use projections::event_log::{Recorded, SequenceRange};
use projections::history;
use serde::Deserialize;
use uuid::Uuid;

use crate::access::{Operator, Write};
use crate::app::App;
use crate::bus::{Authorize, Envelope, Receipt, SendError};
use crate::clock;
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::names::Names;
use crate::layout::refused::{About, FormReader, Refused, conflict_notice};
use crate::ui::{self, Column, Section, Tone};
use crate::web::error::Error;
use crate::web::extract::{Nothing, Path, Query};
use crate::web::paths;

/// The event to undo.
#[derive(Clone, Copy, Debug)]
pub struct RevertTarget {
    position: i64,
    /// True to undo all events of the same command, not this one alone.
    all: bool,
}

#[derive(Deserialize)]
struct RevertQuery {
    #[serde(default)]
    all: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for RevertTarget {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Path(position) = Path::from_request_parts(parts, state).await?;
        let Query(RevertQuery { all }) = Query::from_request_parts(parts, state).await?;
        Ok(Self { position, all })
    }
}

pub async fn form(State(app): State<App>, operator: Operator, which: RevertTarget) -> Result<Markup, Error> {
    let event = load(&app, &operator, which.position).await?;
    match event.decode()? {
        AnyEvent::Org(id, _) => {
            Undo::<Org>::open(&app, &operator, id, event, which).await?.page(html! {}).await
        }
        AnyEvent::Grant(id, _) => {
            Undo::<Grant>::open(&app, &operator, id, event, which).await?.page(html! {}).await
        }
        AnyEvent::ResourceType(id, _) => {
            Undo::<ResourceType>::open(&app, &operator, id, event, which).await?.page(html! {}).await
        }
    }
}

pub async fn submit(
    State(app): State<App>,
    operator: Operator,
    which: RevertTarget,
    write: Write<Nothing>,
) -> Result<Response, Error> {
    let event = load(&app, &operator, which.position).await?;
    match event.decode()? {
        AnyEvent::Org(id, _) => {
            Undo::<Org>::open(&app, &operator, id, event, which).await?.send(&write).await
        }
        AnyEvent::Grant(id, _) => {
            Undo::<Grant>::open(&app, &operator, id, event, which).await?.send(&write).await
        }
        AnyEvent::ResourceType(id, _) => {
            Undo::<ResourceType>::open(&app, &operator, id, event, which).await?.send(&write).await
        }
    }
}

async fn load(app: &App, operator: &Operator, position: i64) -> Result<Recorded, Error> {
    history::at(&app.log, &operator.platform, position).await?.ok_or(Error::NotFound)
}

/// An aggregate whose events have pages of their own.
pub trait Paged: Authorize + Revertible + Clone + PartialEq {
    fn page_of(id: &Self::Id) -> String;
}

impl Paged for Org {
    fn page_of(id: &OrgId) -> String {
        paths::org(id.0)
    }
}

impl Paged for Grant {
    fn page_of(_: &PersonId) -> String {
        paths::ADMIN_SUPERADMINS.to_owned()
    }
}

impl Paged for ResourceType {
    fn page_of(code: &ResourceCode) -> String {
        paths::resource_type(code.as_str())
    }
}

/// The events of a stream that are undone together.
pub enum RevertedEvents {
    /// The event that the revert is about, and no other.
    One,
    /// All events of the same command.
    OfCommand,
    Positions(BTreeSet<i64>),
}

/// An event that somebody wants to undo, with a plan that was made on its whole stream.
pub struct Undo<'a, A: Paged> {
    app: &'a App,
    operator: &'a Operator,
    pub(in crate::resources) id: A::Id,
    event: Recorded,
    all: bool,
    /// The sequence of the stream on which the plan was made.
    sequence: i64,
    /// How many events of the stream the same command gave, this one included.
    together: usize,
    /// The commands that undid it, each with the position of its event.
    undone: Vec<(Uuid, i64)>,
    pub(in crate::resources) plan: Result<RevertPlan<A>, NotPlanned>,
}

impl<'a, A: Paged> Undo<'a, A>
where
    A::Event: Clone,
    A::Command: std::fmt::Debug,
{
    async fn open(
        app: &'a App,
        operator: &'a Operator,
        id: A::Id,
        event: Recorded,
        which: RevertTarget,
    ) -> Result<Self, Error> {
        let events = if which.all { RevertedEvents::OfCommand } else { RevertedEvents::One };
        Self::of(app, operator, id, event, events).await
    }

    /// Plans to undo these events of a stream; `event` is the one that the revert is about. The stream is read and folded in
    /// parts, however long it is.
    pub(in crate::resources) async fn of(
        app: &'a App,
        operator: &'a Operator,
        id: A::Id,
        event: Recorded,
        events: RevertedEvents,
    ) -> Result<Self, Error> {
        let (mut planner, mut sequence, mut together, mut undone) = (Planner::<A>::default(), 0, 0, vec![]);
        let (stream, command) = (event.stream(), event.metadata()?.command);
        let mut turn = None;
        loop {
            let part = app.log.stream_part(&stream, sequence).await?;
            let Some(last) = part.last() else { break };
            if sequence > 0 && turn.is_none() {
                turn = app.log.turn_at_a_long_stream().await;
            }
            sequence = last.sequence;
            for recorded in &part {
                let earlier = past::<A>(recorded)?;
                together += usize::from(earlier.command == command);
                if earlier.reverts == Some(event.position) {
                    undone.push((earlier.command, earlier.position));
                }
                let is_target = match &events {
                    RevertedEvents::One => earlier.position == event.position,
                    RevertedEvents::OfCommand => earlier.command == command,
                    RevertedEvents::Positions(positions) => positions.contains(&earlier.position),
                };
                planner.see(earlier, is_target);
            }
        }
        drop(turn);
        let reason: Reason =
            format!("Reverts event #{}", event.position).parse().map_err(anyhow::Error::from)?;
        let plan = planner.plan(reason, clock::now().into());
        let all = !matches!(events, RevertedEvents::One);
        Ok(Self { app, operator, id, event, all, sequence, together, undone, plan })
    }

    /// Sends the plan as a command, bound to the sequence that the preview saw.
    pub(in crate::resources) async fn order(
        &self,
        command: A::Command,
        envelope: Envelope,
    ) -> Result<Receipt, SendError<A::Error>> {
        let undoes = Some(self.event.position);
        let envelope = Envelope { causation: undoes, reverts: undoes, ..envelope };
        let principal = self.operator.principal();
        self.app.bus.send::<A>(&principal, self.id.clone(), command, envelope).await
    }

    pub(in crate::resources) fn sequence(&self) -> i64 {
        self.sequence
    }

    async fn send(self, write: &Write<Nothing>) -> Result<Response, Error> {
        if let Some(position) = self.done_by(write.command_id) {
            return Ok(self.done(position)); // the same form again
        }
        if let Some(seen) = write.expected_sequence.filter(|seen| *seen != self.sequence()) {
            let range = SequenceRange { after: seen, up_to: self.sequence };
            let since = self.app.log.latest(&self.event.stream(), range).await?;
            return self
                .again(conflict_notice(self.app, self.operator, About::of("this"), &since).await?)
                .await;
        }
        let Ok(plan) = &self.plan else { return self.again(html! {}).await };
        let envelope = Envelope { expected_sequence: Some(self.sequence()), ..write.envelope() };
        match self.order(plan.command.clone(), envelope).await {
            Ok(receipt) => Ok(self.done(receipt.seen())),
            Err(refusal) => {
                let (reader, about) = (FormReader::Operator(self.operator), About::of("this"));
                let refused = Refused::of(self.app, reader, about, refusal, |_| "").await?;
                let said = refused.errors.sentences();
                self.again(if said.is_empty() { refused.note } else { not_done(&said) }).await
            }
        }
    }

    /// The position of the event that this command wrote to undo the event here.
    pub(in crate::resources) fn done_by(&self, command: Uuid) -> Option<i64> {
        self.undone.iter().rev().find(|(by, _)| *by == command).map(|(_, position)| *position)
    }

    fn done(&self, position: i64) -> Response {
        Redirect::to(&paths::seen(&A::page_of(&self.id), position)).into_response()
    }

    async fn again(&self, note: Markup) -> Result<Response, Error> {
        Ok((StatusCode::CONFLICT, self.page(note).await?).into_response())
    }

    async fn page(&self, note: Markup) -> Result<Markup, Error> {
        let desk = ConsolePage::open(self.app, self.operator, AfterCommand::default()).await?;
        let planned = self.plan.iter().flat_map(|plan| plan.events.iter().cloned());
        let planned: Vec<AnyEvent> = planned.map(|event| A::any(self.id.clone(), event)).collect();
        let names = {
            let events = std::slice::from_ref(&self.event);
            Names::of_told(self.app, &self.operator.platform, events, &planned).await?
        };
        let position = self.event.position;
        let title = format!("Revert #{position}");
        let together = self.together;
        let content = html! {
            (ui::head(&title, None, Some(names.sentence(&self.event)), html! {}))
            (note)
            @match &self.plan {
                Err(why) => {
                    (ui::note(Tone::Warning, html! { p { strong { "This is not reverted: " } (why) "." } (way_on(why)) }))
                    p { (ui::button_link("Back to the event", &paths::event(position))) }
                },
                Ok(plan) => {
                    (ui::card("What changes back", changes(&plan.changes)))
                    (ui::card("What will be recorded", self.recorded(plan, &names)))
                    @if !plan.lost.is_empty() {
                        (ui::card("What does not come back", html! { ul { @for lost in &plan.lost { li { (lost) } } } }))
                    }
                    form.form method="post" data-once {
                        (Write::new(Nothing {}, Some(self.sequence())).hidden())
                        (ui::form_actions(ui::submit("Revert it"), Some(&paths::event(position))))
                    }
                },
            }
            @if together > 1 && !self.all {
                p { a href={ (paths::revert(position)) "?all=true" } { "Revert all " (together) " that were done together" } }
            }
        };
        let crumbs = [
            ("History", paths::ADMIN_HISTORY.to_owned()),
            (&*format!("Event #{position}"), paths::event(position)),
        ];
        Ok(desk.page(Section::History, &title, &crumbs, content))
    }

    /// The events that would be recorded, as sentences, with the position of the event that they undo.
    fn recorded(&self, plan: &RevertPlan<A>, names: &Names) -> Markup {
        html! {
            ul {
                @for event in &plan.events {
                    li { (names.told("You", &A::any(self.id.clone(), event.clone()))) }
                }
            }
            p.help { "It will point at " (ui::position(self.event.position)) ", which stays where it is." }
        }
    }
}

/// A link to whatever stands in the way.
pub fn way_on(why: &NotPlanned) -> Markup {
    match why {
        NotPlanned::RevertedBy(other) | NotPlanned::SupersededBy(other) | NotPlanned::OvertakenBy(other) => {
            html! { p { "Look at " (ui::position(*other)) " first." } }
        }
        NotPlanned::NoSuchEvent
        | NotPlanned::Irreversible(_)
        | NotPlanned::ChangedNothing
        | NotPlanned::UndoneAlready
        | NotPlanned::Refused(_)
        | NotPlanned::TooMuchAtOnce => html! {},
    }
}

fn past<A: Revertible>(event: &Recorded) -> Result<Past<A::Event>, Error> {
    let Metadata { command, reverts, .. } = event.metadata()?;
    Ok(Past { position: event.position, command, reverts, event: event.event::<A>()? })
}

fn not_done(why: &str) -> Markup {
    ui::note(Tone::Warning, html! { p { strong { "Nothing was done: " } (why) "." } })
}

fn changes(changes: &[FacetChange]) -> Markup {
    let columns = [Column::new("What"), Column::new("Now").wide(), Column::new("Then").wide()];
    let row = |it: &FacetChange| vec![html! { (it.facet) }, html! { (it.now) }, html! { (it.then) }];
    ui::table("What changes back", &columns, &changes.iter().map(row).collect::<Vec<_>>())
}
