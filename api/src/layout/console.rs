//! Pages of the operator's console: their frame, and the notice about the last command.

use std::time::Duration;

use maud::{Markup, html};
use projections::event_log::{Recorded, StreamId};
use projections::history::together;

use super::AfterCommand;
use crate::access::Operator;
use crate::app::App;
use crate::layout::as_of::AsOfBanner;
use crate::layout::bulk_result;
use crate::layout::names::Names;
use crate::ui::{self, Console, Section, Tone};
use crate::web::error::Error;
use crate::web::paths;
use crate::{clock, layout};

/// A page of the console under construction. It has waited for the command before it, and says what that did.
pub struct ConsolePage<'a> {
    pub app: &'a App,
    pub operator: &'a Operator,
    notice: Option<Markup>,
    position: i64,
    /// The position that the page shows, if it does not show now.
    at: Option<i64>,
}

/// The most events that one command gives.
const MOST: i64 = 8;

/// How long a page waits for the event that it was asked to show.
const WAIT: Duration = Duration::from_secs(2);

impl<'a> ConsolePage<'a> {
    pub async fn open(
        app: &'a App,
        operator: &'a Operator,
        AfterCommand { seen }: AfterCommand,
    ) -> Result<Self, Error> {
        let notice = match seen {
            Some(position) => notice(app, operator, position).await?,
            None => None,
        };
        Ok(Self { app, operator, notice, position: app.projector.position().await?, at: None })
    }

    /// The last event that the page knows of.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Makes it a page as of a moment, with a banner that says so.
    #[must_use]
    pub fn then(mut self, past: &AsOfBanner) -> Self {
        self.also(&past.banner());
        self.at = Some(past.at.position);
        self
    }

    /// Says on top of the page that something is missing from it, if so.
    pub fn about(&mut self, stream: &StreamId) {
        if let Some(from) = self.app.projector.left_for_good(stream) {
            self.also(&ui::note(
                Tone::Danger,
                html! {
                    p { strong { "Event " (ui::position(from)) " can't be read." } " This page shows the state before it, and nothing can be changed." }
                    p.hint { "Whoever runs the portal finds the cause with " code { "portal verify" } ". " a href=(paths::ADMIN_HISTORY_READ_MODELS) { "What is set aside" } }
                },
            ));
        }
        if let Some(from) = self.app.projector.left_to_newer(stream) {
            self.also(&ui::note(
                Tone::Warning,
                html! {
                    p { strong { "A newer version of portal wrote " (ui::position(from)) " about this." } " This version can't read it, so what stands here is as of " (ui::position(from - 1)) "." }
                    p.hint { "Use the newer version to see or change it, or wait until this one is upgraded." }
                },
            ));
        }
    }

    /// Adds a note on top of the page, below the notice about the last command.
    pub fn also(&mut self, note: &Markup) {
        let before = self.notice.take();
        self.notice = Some(html! { @if let Some(before) = before { (before) } (note) });
    }

    pub fn page(self, section: Section, title: &str, crumbs: &[(&str, String)], content: Markup) -> Markup {
        let viewer = layout::viewer(&self.operator.identity, &[]);
        let Self { notice, position, at, .. } = self;
        Console { title, section, viewer: &viewer, crumbs, position, at, notice }.render(content)
    }
}

/// Says what the viewer did at `position`, once the read models have it.
async fn notice(app: &App, operator: &Operator, position: i64) -> Result<Option<Markup>, Error> {
    if position == 0 {
        return Ok(Some(layout::nothing_changed()));
    }
    if position < 0 || app.log.last_position().await? < position {
        return Ok(None); // a link from elsewhere
    }
    if app.projector.wait_for(position, WAIT).await.is_err() {
        let sentence =
            html! { "What you did is recorded. This page is still updating; reload it in a moment." };
        return Ok(Some(ui::note(Tone::Warning, sentence)));
    }
    let after = (position - MOST).max(0);
    let events = mine(operator, app.log.tail(after, position - after).await?);
    if let Some(whole) = events.first().and_then(together::whole_of) {
        return Ok(Some(bulk_result::notice(app, operator, whole).await?));
    }
    let names = Names::of(app, &operator.platform, &events).await?;
    let line = |event: &Recorded| {
        let sentence = names.told("You", &event.decode().ok()?);
        Some(html! { p { (sentence) " · " (ui::position(event.position)) } })
    };
    let said: Vec<Markup> = events.iter().filter_map(line).collect();
    let undo = undo(&events);
    Ok((!said.is_empty()).then(|| ui::note(Tone::Good, html! { @for line in said { (line) } (undo) })))
}

/// The button that undoes the last command, if it can be undone.
fn undo(events: &[Recorded]) -> Markup {
    let reversible = |event: &&Recorded| event.decode().is_ok_and(|fact| fact.irreversible().is_none());
    let mut those = events.iter().filter(reversible);
    let (Some(first), others) = (those.next(), those.count()) else { return html! {} };
    let path = paths::revert(first.position);
    ui::undo(&if others > 0 { format!("{path}?all=true") } else { path }, &clock::new_id().to_string())
}

/// The events of the command that gave the last of these events; none if somebody else sent it.
fn mine(operator: &Operator, events: Vec<Recorded>) -> Vec<Recorded> {
    let metadata = |event: &Recorded| event.metadata().ok();
    let Some(last) = events.last().and_then(metadata) else { return vec![] };
    let of_command = |event: &Recorded| metadata(event).is_some_and(|it| it.command == last.command);
    let is_mine = last.actor.person() == Some(operator.identity.person());
    events.into_iter().filter(|event| is_mine && of_command(event)).collect()
}
