//! `/admin/history`: everything that happened, newest first, and how to find it.
//!
//! **Invariant:** what the page shows stands in its URL.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use projections::history::{self, HistoryPage, together};
use uuid::Uuid;

use super::bar;
use super::bar::document;
use super::event::one_of;
use super::export;
use super::searches;
use super::tail;
use super::view::HistoryQuery;
use super::watched::changed;
use crate::access::Operator;
use crate::app::App;
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::form::{Errors, again};
use crate::layout::names::Names;
use crate::ui::{self, Tone};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

/// How many events are on a page.
const EVENTS: usize = 50;

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Query(view): Query<HistoryQuery>,
) -> Result<Response, Error> {
    let desk = ConsolePage::open(&app, &operator, AfterCommand::default()).await?;
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

/// The page when a filter can't be understood: it names what is wrong beside each field, and shows no events.
fn wrong(desk: ConsolePage<'_>, view: &HistoryQuery, errors: &Errors) -> Response {
    let next = html! { "Correct the fields named above, or " a href=(paths::ADMIN_HISTORY) { "show everything" } "." };
    let results = html! { (bar::chips(view)) (ui::empty("Nothing was searched.", next)) };
    again(document(desk, view, errors, results))
}

fn list(view: &HistoryQuery, page: &HistoryPage, names: &Names, sizes: &HashMap<Uuid, i64>) -> Markup {
    let (number, more) = page.total;
    let newer = page.newer.map(|after| HistoryQuery { after: after.to_string(), ..view.newest() }.url());
    let older = page.older.map(|before| HistoryQuery { before: before.to_string(), ..view.newest() }.url());
    html! {
        @if page.events.is_empty() { (nothing(view, page)) }
        (names.timeline_with(&page.events, |event| one_of(event, sizes)))
        @if let Some(position) = page.looked_to { (looked_to(view, position)) }
        (ui::pager(newer, older, &counted(number, more)))
        @if !page.events.is_empty() { (export::links(view)) }
    }
}

fn nothing(view: &HistoryQuery, page: &HistoryPage) -> Markup {
    let all = html! { a href=(paths::ADMIN_HISTORY) { "Show everything" } "." };
    if page.looked_to.is_some() {
        ui::empty("Nothing so far.", html! { "There may be some further back." })
    } else if *view == HistoryQuery::default() {
        ui::empty("Nothing has happened yet.", html! {})
    } else if bar::holding(view).is_empty() {
        ui::empty("There is no event here.", all)
    } else {
        ui::empty("No event matches.", all)
    }
}

/// Says how far the search got, with a link to continue from there.
fn looked_to(view: &HistoryQuery, position: i64) -> Markup {
    let upwards = !view.after.is_empty();
    let (before, after) = if upwards { (None, Some(position)) } else { (Some(position), None) };
    let text = |position: Option<i64>| position.map_or_else(String::new, |position| position.to_string());
    let on = HistoryQuery { before: text(before), after: text(after), ..view.newest() };
    ui::note(
        Tone::Info,
        html! {
            "Searched as far as " (ui::position(position)) ". "
            a href=(on.url()) { "Look further" }
        },
    )
}

fn counted(number: i64, more: bool) -> String {
    match (number, more) {
        (number, true) => format!("{} events or more", ui::number(number)),
        (1, false) => "1 event".to_owned(),
        (number, false) => format!("{} events", ui::number(number)),
    }
}
