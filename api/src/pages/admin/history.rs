//! `/admin/history`: everything that happened, newest first.

use axum::extract::State;
use maud::{Markup, html};
use projections::history;
use serde::Deserialize;

use super::{Desk, Seen};
use crate::access::Operator;
use crate::app::App;
use crate::error::Error;
use crate::extract::Query;
use crate::pages::names::Names;
use crate::paths;
use crate::ui::{self, Section};

/// Events on a page.
const EVENTS: i64 = 50;

#[derive(Deserialize, Default)]
pub struct Before {
    /// Only events before this position.
    before: Option<i64>,
}

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Query(Before { before }): Query<Before>,
) -> Result<Markup, Error> {
    let desk = Desk::open(&app, &operator, Seen::default()).await?;
    let end = app.log.last_position().await?;
    let events = history::of_all(&app.log, &operator.platform, before.unwrap_or(i64::MAX), EVENTS).await?;
    let names = Names::of(&app, &events).await?;
    let older = events.last().filter(|event| event.position > 1);
    let older = older.map(|event| format!("{}?before={}", paths::ADMIN_HISTORY, event.position));
    let newest = before.is_some_and(|before| before <= end).then(|| paths::ADMIN_HISTORY.to_owned());
    let content = html! {
        (ui::head("History", None, Some(html! { "Everything that happened, newest first." }), html! {}))
        @if events.is_empty() { (ui::empty("Nothing has happened yet.", html! {})) }
        (names.timeline(&events))
        (ui::pager(newest, older, &format!("{end} events")))
    };
    Ok(desk.page(Section::History, "History", &[], content))
}
