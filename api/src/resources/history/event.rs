//! `/admin/history/{position}`: one event with its sentence, what it changed, its cause and its consequences.
//!
//! **Invariant:** everything here follows from the log (of a long stream from what is stored of it, which `portal verify`
//! compares), so the page of an event says the same for ever, but for names and for what came after it.

mod change;
mod tree;

use std::collections::HashMap;

use axum::extract::State;
use domain::{Metadata, Part};
use maud::{Markup, html};
use projections::event_log::Recorded;
use projections::history::{self, related, together};
use serde_json::Value;
use uuid::Uuid;

use crate::access::Operator;
use crate::app::App;
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::names::Names;
use crate::resources::checkpoints::evidence;
use crate::ui::{self, Section, Tone};
use crate::web::error::Error;
use crate::web::extract::Path;
use crate::web::paths;

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Path(position): Path<i64>,
) -> Result<Markup, Error> {
    let desk = ConsolePage::open(&app, &operator, AfterCommand::default()).await?;
    let event = history::at(&app.log, &operator.platform, position).await?.ok_or(Error::NotFound)?;
    let neighbours = related::neighbours(&app.log, &event).await?;
    let related = related::related(&app.log, &event).await?;
    let told = related.causes.iter().chain(&related.same_command).chain(&related.consequences);
    let all: Vec<Recorded> = told.chain([&event]).cloned().collect();
    let names = Names::of(&app, &operator.platform, &all).await?;
    let title = format!("Event #{position}");
    let content = html! {
        (ui::head(&title, None, Some(html! { (names.sentence(&event)) }), way_back(&event, &operator)))
        (beside(&neighbours))
        @if !event.is_intact() { (ui::note(Tone::Danger, html! {
            "Somebody changed this event after it was written. What it says now is not what was recorded."
        })) }
        (undoing(&event, &related))
        (together(&app, &event).await?)
        (ui::columns(
            html! {
                (ui::card("What it changed", change::table(&app, &event).await?))
                (ui::card("Cause and consequences", tree::tree(&event, &related, &names)))
                (ui::card("As it is stored", raw(&event)))
            },
            html! {
                (ui::card("Facts", facts(&event, &names)))
                (ui::card("In the log", place(&event)))
                (ui::card("Proof", evidence::told(&app, &event).await))
            },
        ))
    };
    let crumbs = [("History", paths::ADMIN_HISTORY.to_owned())];
    Ok(desk.page(Section::History, &title, &crumbs, content))
}

/// Links to the neighbours of this event. A link that leads nowhere keeps its place.
fn beside(neighbours: &related::Neighbours) -> Markup {
    let step = |label: &str, key: &str, position: Option<i64>| {
        html! {
            @match position {
                Some(position) => a.button rel=(key) href=(paths::event(position)) { (label) },
                None => span.button data-off { (label) },
            }
        }
    };
    html! {
        nav.neighbours aria-label="Events beside this one" {
            (step("← Before, of the same", "prev", neighbours.before_in_stream))
            (step("After, of the same →", "next", neighbours.after_in_stream))
            span.neighbours-gap {}
            (step("← Before, of all", "prev", neighbours.before))
            (step("After, of all →", "next", neighbours.after))
        }
    }
}

/// The button for undoing this event, for operators who may, where it can be undone.
fn way_back(event: &Recorded, operator: &Operator) -> Markup {
    let reversible = event.decode().is_ok_and(|fact| fact.irreversible().is_none());
    html! {
        @if reversible && operator.identity.is_superadmin() {
            (ui::button_link("Revert", &paths::revert(event.position)))
        }
    }
}

/// Says if this event undoes another one, was undone, or can't be undone.
fn undoing(event: &Recorded, related: &related::Related) -> Markup {
    let reverts = event.metadata().ok().and_then(|metadata| metadata.reverts);
    let irreversible = event.decode().ok().and_then(|fact| fact.irreversible());
    html! {
        @if let Some(position) = reverts {
            (ui::note(Tone::Info, html! { "This undoes " (ui::position(position)) "." }))
        }
        @if let Some(position) = related.reverted_by {
            (ui::note(Tone::Warning, html! { "This was undone by " (ui::position(position)) "." }))
        }
        @if let Some(why) = irreversible { p.help { "Can't be undone: " (why) "." } }
    }
}

/// The link to what one order did to other organisations at the same time.
async fn together(app: &App, event: &Recorded) -> Result<Markup, Error> {
    let sizes = together::sizes(&app.log, std::slice::from_ref(event)).await?;
    let link = one_of(event, &sizes);
    Ok(html! { @if let Some(link) = link { (ui::note(Tone::Info, html! { "This is " (link) "." })) } })
}

fn facts(event: &Recorded, names: &Names) -> Markup {
    let metadata = event.metadata().ok();
    let reason = event.decode().ok().and_then(|fact| fact.reason().map(str::to_owned));
    let mut rows = vec![("When", ui::exact_time(event.recorded_at.into()))];
    rows.extend(reason.map(|reason| ("Reason", html! { (reason) })));
    if let Some(Metadata { actor, on_behalf_of, address, time_continues, .. }) = metadata {
        rows.extend(time_continues.map(|why| ("Time was put right here", html! { (why) })));
        rows.push(("Who", html! { (names.actor(actor)) }));
        rows.extend(
            on_behalf_of.map(|person| ("On behalf of", html! { (names.part(&Part::Person(person))) })),
        );
        rows.extend(address.map(|address| ("Address", html! { (address) })));
    }
    rows.push(("About", about(event)));
    ui::facts(&rows)
}

/// The subject of the event, with a link to its other events.
fn about(event: &Recorded) -> Markup {
    let kind = event.aggregate_type.replace('_', " ");
    html! {
        (kind) " " (ui::copyable(&event.aggregate_id)) " "
        a href=(paths::history_about(&event.aggregate_id)) { "its history" }
    }
}

fn place(event: &Recorded) -> Markup {
    let mut rows = vec![
        ("Position", html! { (ui::position(event.position)) " in all, " (event.sequence) " of its own" }),
        ("Type", html! { code.id { (event.event_type) } " version " (event.event_version) }),
    ];
    if let Ok(metadata) = event.metadata() {
        let all = format!("{}?correlation={}", paths::ADMIN_HISTORY, metadata.correlation);
        rows.push(("Command", ui::copyable(&metadata.command.to_string())));
        rows.push((
            "Correlation",
            html! { (ui::copyable(&metadata.correlation.to_string())) " " a href=(all) { "all of it" } },
        ));
    }
    ui::facts(&rows)
}

fn raw(event: &Recorded) -> Markup {
    html! {
        details.raw { summary { "Payload" } pre { (pretty(&event.payload)) } }
        details.raw { summary { "Metadata" } pre { (pretty(&event.metadata)) } }
    }
}

/// Adds line breaks to JSON; leaves any other text as it is.
fn pretty(stored: &str) -> String {
    let value: Option<Value> = serde_json::from_str(stored).ok();
    value.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| stored.to_owned())
}

/// A link to the other events of one order: "one of 3 done together".
pub(super) fn one_of(event: &Recorded, sizes: &HashMap<Uuid, i64>) -> Option<Markup> {
    let whole = together::whole_of(event)?;
    let number = sizes.get(&whole)?;
    Some(html! { a href=(paths::bulk(whole)) { "one of " (ui::number(*number)) " done together" } })
}
