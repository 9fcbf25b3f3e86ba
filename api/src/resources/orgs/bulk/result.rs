//! `/admin/history/bulk/{correlation}`: what one order did to many organisations, and which of them refused.

use axum::extract::State;
use maud::{Markup, html};
use uuid::Uuid;

use crate::access::Operator;
use crate::app::App;
use crate::layout::AfterCommand;
use crate::layout::bulk_result::BulkResult;
use crate::layout::console::ConsolePage;
use crate::layout::names::Names;
use crate::ui::{self, Section};
use crate::web::error::Error;
use crate::web::extract::{Path, Query};
use crate::web::paths;

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Path(correlation): Path<Uuid>,
    Query(seen): Query<AfterCommand>,
) -> Result<Markup, Error> {
    let desk = ConsolePage::open(&app, &operator, seen).await?;
    let done = BulkResult::load(&app, &operator, correlation).await?;
    let names = Names::of(&app, &operator.platform, &done.events).await?;
    let title = done.title();
    let all = format!("{}?correlation={correlation}", paths::ADMIN_HISTORY);
    let content = html! {
        (ui::head(&title, None, Some(done.origin(&names)), done.way_back(&operator)))
        @if !done.refused.is_empty() { (ui::card("What was refused", done.refusals())) }
        (ui::card_with("What was done", html! { a href=(all) { "Open in History" } }, names.timeline(&done.events)))
    };
    Ok(desk.page(Section::History, &title, &[("History", paths::ADMIN_HISTORY.to_owned())], content))
}
