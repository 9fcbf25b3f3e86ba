//! Roles that ended, and requests that were settled, a page at a time.

use maud::{Markup, html};
use projections::grants::{self};
use serde::Deserialize;
use uuid::Uuid;

use super::tables;
use crate::access::Operator;
use crate::app::App;
use crate::layout::as_of::{self, AsOf};
use crate::ui::{self};
use crate::web::error::Error;
use crate::web::paths;

/// The most open grants and requests on the page. Nobody has so many.
pub const OPEN: i64 = 500;

/// Past grants, and past requests, on one page.
pub const PAST: i64 = 50;

#[derive(Deserialize, Default)]
pub struct GrantsQuery {
    pub seen: Option<i64>,
    /// Show only grants that ended before this position.
    pub before: Option<i64>,
    /// Show only requests that were settled before this position.
    pub settled_before: Option<i64>,
    /// A person who was given a role that they hold already.
    pub held: Option<Uuid>,
    /// The moment as of which it is shown; empty for now.
    #[serde(default)]
    pub at: String,
}

pub async fn past(
    app: &App,
    operator: &Operator,
    asked: &GrantsQuery,
    at: Option<AsOf>,
) -> Result<Markup, Error> {
    let before = asked.before.unwrap_or(i64::MAX).min(at.map_or(i64::MAX, AsOf::end));
    let past = grants::past(&app.db, &operator.platform, before, PAST + 1).await?;
    let (past, last) = page_of(past, |grant| grant.ended_position);
    let pager = pager(at, "before", asked.before, last, "Past grants are kept for ever.");
    Ok(ui::card("Past grants", html! { (tables::past(app, &past).await?) (pager) }))
}

/// The card of past requests. Empty where nobody ever asked for a role.
pub async fn past_requests(
    app: &App,
    operator: &Operator,
    asked: &GrantsQuery,
    at: Option<AsOf>,
) -> Result<Markup, Error> {
    let before = asked.settled_before.unwrap_or(i64::MAX).min(at.map_or(i64::MAX, AsOf::end));
    let settled = grants::settled_requests(&app.db, &operator.platform, before, PAST + 1).await?;
    if settled.is_empty() {
        return Ok(html! {});
    }
    let (settled, last) = page_of(settled, |request| request.settled_position);
    let pager = pager(at, "settled_before", asked.settled_before, last, "Past requests are kept for ever.");
    Ok(ui::card("Past requests", html! { (tables::settled(app, &settled).await?) (pager) }))
}

/// The rows of one page, and where the next one begins, if there is more.
pub fn page_of<R>(mut rows: Vec<R>, position: fn(&R) -> Option<i64>) -> (Vec<R>, Option<i64>) {
    if rows.len() <= usize::try_from(PAST).unwrap_or(usize::MAX) {
        return (rows, None);
    }
    rows.pop();
    let last = rows.last().and_then(position);
    (rows, last)
}

/// Links to the page of what ended before `last`, named `name` in the address, and to the newest page.
pub fn pager(at: Option<AsOf>, name: &str, before: Option<i64>, last: Option<i64>, count: &str) -> Markup {
    let older = last.map(|last| as_of::link(at, &format!("{}?{name}={last}", paths::ADMIN_SUPERADMINS)));
    let newest = before.map(|_| as_of::link(at, paths::ADMIN_SUPERADMINS));
    html! { @if newest.is_some() || older.is_some() { (ui::pager(newest, older, count)) } }
}
