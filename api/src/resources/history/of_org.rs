//! `/admin/orgs/{id}/history`: what happened to one organisation, newest first.

use axum::extract::State;
use maud::{Markup, html};
use projections::history;
use serde::Deserialize;
use uuid::Uuid;

use crate::access::Operator;
use crate::app::App;
use crate::layout::AfterCommand;
use crate::layout::as_of::{self};
use crate::layout::console::ConsolePage;
use crate::layout::names::Names;
use crate::resources::history::bar::open_in_history;
use crate::resources::orgs;
use crate::resources::orgs::page::{EVENTS, head, load, org_tabs, page};
use crate::ui::{self};
use crate::web::error::Error;
use crate::web::extract::{Path, Query};
use crate::web::paths;

#[derive(Deserialize, Default)]
pub struct OrgHistoryQuery {
    /// Show only events before this position.
    before: Option<i64>,
    /// The moment that the page shows; empty for now.
    #[serde(default)]
    at: String,
}

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Path(id): Path<Uuid>,
    Query(OrgHistoryQuery { before, at }): Query<OrgHistoryQuery>,
) -> Result<Markup, Error> {
    if let Some(at) = as_of::read(&app, &at).await? {
        return orgs::as_of::events(&app, &operator, id, before, at).await;
    }
    let desk = ConsolePage::open(&app, &operator, AfterCommand::default()).await?;
    let org = load(&app, &operator, id).await?;
    let before = before.unwrap_or(i64::MAX);
    let events = history::of_org(&app.log, &operator.scope(), id, before, EVENTS).await?;
    let names = Names::of(&app, &operator.platform, &events).await?;
    let older = events.last().filter(|last| last.sequence > 1);
    let older = older.map(|last| format!("{}?before={}", paths::org_history(id), last.position));
    let newest = (before < i64::MAX).then(|| paths::org_history(id));
    let content = html! {
        (head(&org, &operator, Some(&paths::org_history(id))))
        (org_tabs(id, "History", None))
        p.aside { (open_in_history(id)) }
        (names.timeline(&events))
        (ui::pager(newest, older, &format!("{} events in all", org.sequence)))
    };
    Ok(page(desk, &org, content))
}
