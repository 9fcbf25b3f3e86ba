//! `/admin/history/exports`: who exported which part of the history.

use axum::extract::State;
use maud::{Markup, html};
use projections::operator_reads::{self, AccessRecord};
use uuid::Uuid;

use super::bar;
use super::view::HistoryQuery;
use crate::access::Operator;
use crate::app::App;
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::names::Names;
use crate::resources::history::beside::OlderQuery;
use crate::resources::history::beside::beside;
use crate::ui::{self, Column};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

/// How many exports are on a page.
const SHOWN: usize = 50;

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Query(OlderQuery { before }): Query<OlderQuery>,
) -> Result<Markup, Error> {
    let desk = ConsolePage::open(&app, &operator, AfterCommand::default()).await?;
    let limit = i64::try_from(SHOWN).unwrap_or(i64::MAX);
    let exports = operator_reads::exports(&app.db, &operator.platform, before, limit).await?;
    let people: Vec<Uuid> = exports.iter().map(|export| export.person_id).collect();
    let names = Names::of_people(&app, &people).await?;
    let last = exports.last().filter(|_| exports.len() == SHOWN).map(|last| last.read_id);
    let content = html! {
        @if exports.is_empty() { (ui::empty("Nothing was exported.", html! { "Exports are made where the history is searched." })) }
        @else { (table(&exports, &names)) }
        (ui::newest_first(paths::ADMIN_HISTORY_EXPORTS, before.is_some(), last))
    };
    Ok(beside(desk, "Exports", "exported", "Who took which part of the history away as a file.", content))
}

fn table(exports: &[AccessRecord], names: &Names) -> Markup {
    let columns = [Column::new("Who"), Column::new("What"), Column::new("When")];
    let row = |export: &AccessRecord| {
        vec![html! { (names.person(export.person_id)) }, what(&export.page), ui::exact_time(export.at.into())]
    };
    ui::table("Exports", &columns, &exports.iter().map(row).collect::<Vec<_>>())
}

/// The filters of an export, as a link to what they find today.
fn what(page: &str) -> Markup {
    if page == paths::ADMIN_HISTORY_PROOF_CHECKPOINTS {
        return html! { a href=(paths::ADMIN_HISTORY_PROOF) { "the checkpoints" } };
    }
    let query = page.split_once('?').map_or("", |(_, query)| query);
    let view: HistoryQuery = serde_html_form::from_str(query).unwrap_or_default();
    let held: Vec<String> = bar::holding(&view).into_iter().map(|(label, _)| label).collect();
    let label = if held.is_empty() { "everything".to_owned() } else { held.join(", ") };
    html! { a href=(view.url()) { (label) } }
}
