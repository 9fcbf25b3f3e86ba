//! `/admin/history`: everything that happened, newest first, and how to find it.
//!
//! **Invariant:** what the page shows stands in its URL.

mod bar;
pub mod event;
pub mod evidence;
pub mod export;
pub mod exports;
pub mod proof;
pub mod read_models;
pub mod refused;
pub mod searches;
pub mod sign_ins;
pub mod tail;
mod view;
mod watched;

use std::collections::HashMap;
use std::fmt::Display;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use projections::event_log::{self, Recorded};
use projections::history::{self, HistoryPage, together};
use serde::Deserialize;
use uuid::Uuid;

use self::view::View;
use super::{Desk, Seen};
use crate::access::Operator;
use crate::app::App;
use crate::pages::form::{Errors, again};
use crate::pages::names::Names;
use crate::ui::{self, Section, Tone};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

/// Where a list of what is no event goes on.
#[derive(Deserialize)]
pub struct Before {
    /// Only what came before this one.
    before: Option<Uuid>,
}

/// Events on a page.
const EVENTS: usize = 50;

/// A tab beside what happened: a list of what is no event.
fn beside(desk: Desk<'_>, (title, tab, subtitle): (&str, &str, &str), list: Markup) -> Markup {
    let content = html! {
        (ui::head("History", None, Some(html! { (subtitle) }), html! {}))
        (bar::tabs(tab))
        (list)
    };
    desk.page(Section::History, title, &[("History", paths::ADMIN_HISTORY.to_owned())], content)
}

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Query(view): Query<View>,
) -> Result<Response, Error> {
    let desk = Desk::open(&app, &operator, Seen::default()).await?;
    let mut errors = Errors::default();
    let place = view.place(&mut errors);
    let filter = match view.filter(&app, &operator).await? {
        Ok(filter) if errors.is_empty() => filter,
        Ok(_) => return Ok(wrong(desk, &view, &errors)),
        Err(errors) => return Ok(wrong(desk, &view, &errors)),
    };
    let page = history::page(&app.log, &operator.platform, &filter, place, EVENTS).await?;
    let names = Names::of(&app, &operator.platform, &page.events).await?;
    let sizes = together::sizes(&app.log, &page.events).await?;
    let results = html! {
        (changed(&app).await?)
        (bar::chips(&view))
        (tail::link(&view, desk.position()))
        (list(&view, &page, &names, &sizes))
        (searches::saved(&app, &operator, &view).await?)
    };
    Ok(document(desk, &view, &errors, results).into_response())
}

/// Names the events that are not what was written, as far as anybody has come across them.
async fn changed(app: &App) -> Result<Markup, Error> {
    let changed = event_log::changed(&app.db).await?;
    Ok(html! {
        @if !changed.is_empty() {
            (ui::note(Tone::Danger, html! {
                p { strong { "Somebody changed events after they were written: " }
                    @for (number, position) in changed.iter().take(10).enumerate() {
                        @if number > 0 { ", " }
                        (ui::position(*position))
                    }
                    @if changed.len() > 10 { " and more" }
                    "."
                }
                p {
                    "Nothing is done by what they say, and no checkpoint is signed. " code { "portal verify" }
                    " looks at all events; the guide docs/PROOF.md says what to do, under “When sealing is refused”."
                }
            }))
        }
        (watched::found(app, &changed))
    })
}

/// The way from a list of what happened to one thing to the same list with everything that can be done there.
pub fn open_in_history(id: impl Display) -> Markup {
    html! { a href=(paths::history_about(id)) { "Open in History" } }
}

fn document(desk: Desk<'_>, view: &View, errors: &Errors, results: Markup) -> Markup {
    let content = html! {
        (ui::head("History", None, Some(html! { "Everything that happened, newest first." }), html! {}))
        (bar::tabs("happened"))
        (errors.summary())
        (bar::bar(view, errors))
        (ui::results(results))
    };
    desk.page(Section::History, "History", &[], content)
}

/// The page with what can't be meant, beside its fields, and nothing found.
fn wrong(desk: Desk<'_>, view: &View, errors: &Errors) -> Response {
    let next = html! { "Put right what is named above, or " a href=(paths::ADMIN_HISTORY) { "show everything" } "." };
    let results = html! { (bar::chips(view)) (ui::empty("Nothing was looked for.", next)) };
    again(document(desk, view, errors, results))
}

/// "one of 3 done together", as the way to the others.
fn one_of(event: &Recorded, sizes: &HashMap<Uuid, i64>) -> Option<Markup> {
    let whole = together::whole_of(event)?;
    let number = sizes.get(&whole)?;
    Some(html! { a href=(paths::bulk(whole)) { "one of " (ui::number(*number)) " done together" } })
}

fn list(view: &View, page: &HistoryPage, names: &Names, sizes: &HashMap<Uuid, i64>) -> Markup {
    let newer = page.newer.map(|after| View { after: after.to_string(), ..view.newest() }.url());
    let older = page.older.map(|before| View { before: before.to_string(), ..view.newest() }.url());
    html! {
        @if page.events.is_empty() { (nothing(view, page)) }
        (names.timeline_with(&page.events, |event| one_of(event, sizes)))
        @if let Some(position) = page.looked_to { (looked_to(view, position)) }
        (ui::pager(newer, older, &counted(page.total)))
        @if !page.events.is_empty() { (export::links(view)) }
    }
}

fn nothing(view: &View, page: &HistoryPage) -> Markup {
    let all = html! { a href=(paths::ADMIN_HISTORY) { "Show everything" } "." };
    if page.looked_to.is_some() {
        ui::empty("Nothing so far.", html! { "Further back there may be." })
    } else if *view == View::default() {
        ui::empty("Nothing has happened yet.", html! {})
    } else if bar::holding(view).is_empty() {
        ui::empty("No event stands here.", all)
    } else {
        ui::empty("No event matches.", all)
    }
}

/// Says how far was looked, and goes on from there.
fn looked_to(view: &View, position: i64) -> Markup {
    let upwards = !view.after.is_empty();
    let (before, after) = if upwards { (None, Some(position)) } else { (Some(position), None) };
    let text = |position: Option<i64>| position.map_or_else(String::new, |position| position.to_string());
    let on = View { before: text(before), after: text(after), ..view.newest() };
    ui::note(
        Tone::Info,
        html! {
            "Looked as far as " (ui::position(position)) ". "
            a href=(on.url()) { "Look further" }
        },
    )
}

fn counted((number, more): (i64, bool)) -> String {
    match (number, more) {
        (number, true) => format!("{} events or more", ui::number(number)),
        (1, false) => "1 event".to_owned(),
        (number, false) => format!("{} events", ui::number(number)),
    }
}
