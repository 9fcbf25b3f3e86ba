//! `/admin/reference-data`: what kinds of things the product has, and which organisations have them.

use axum::extract::State;
use maud::{Markup, html};
use projections::resource_types::{self, Reach, ResourceTypeRow};

use super::facts::{policy, reached};
use crate::access::Operator;
use crate::app::App;
use crate::layout::as_of::{self, AsOfQuery};
use crate::layout::console::ConsolePage;
use crate::ui::{self, Column, Section};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Query(asked): Query<AsOfQuery>,
) -> Result<Markup, Error> {
    if let Some(at) = asked.read(&app).await? {
        return super::as_of::all(&app, &operator, at).await;
    }
    let desk = ConsolePage::open(&app, &operator, asked.seen()).await?;
    let types = resource_types::all(&app.db, &operator.platform).await?;
    let change = operator.identity.is_superadmin();
    let mut rows = vec![];
    for row in &types {
        let reach = resource_types::reach(&app.db, &operator.platform, row).await?;
        rows.push(cells(row, reach));
    }
    let actions = html! {
        @if !rows.is_empty() { (ui::button_link("Compare", paths::ADMIN_REFERENCE_COMPARE)) }
        @if change { (ui::primary_link("New resource type", paths::ADMIN_REFERENCE_NEW)) }
        (as_of::control(paths::ADMIN_REFERENCE, None, &[]))
    };
    let subtitle = html! { "What kinds of things the product has, and which organisations have them." };
    let content = html! {
        (ui::head("Reference data", None, Some(subtitle), ui::actions(actions)))
        @if rows.is_empty() { (nothing_yet(change)) }
        @else { (ui::table("Resource types", &columns(), &rows)) }
    };
    Ok(desk.page(Section::ReferenceData, "Reference data", &[], content))
}

fn columns() -> [Column<'static>; 6] {
    [
        Column::new("Resource type"),
        Column::new("Code").wide(),
        Column::new("State"),
        Column::new("Spread").wide(),
        Column::new("Organisations"),
        Column::new("Actions").wide(),
    ]
}

fn cells(row: &ResourceTypeRow, reach: Reach) -> Vec<Markup> {
    vec![
        html! { a href=(paths::resource_type(&row.code)) { (row.label) } },
        ui::id(&row.code),
        ui::badge(if row.active { "active" } else { "deactivated" }),
        html! { (row.spread.parse().map_or("–", policy)) },
        html! { (ui::number(reached(row, reach))) " of " (ui::number(reach.organisations)) },
        html! { (row.actions) },
    ]
}

fn nothing_yet(change: bool) -> Markup {
    let next = html! {
        @if change { a href=(paths::ADMIN_REFERENCE_NEW) { "Define the first one" } ": no deploy is needed." }
        @else { "A superadmin can define the first one." }
    };
    ui::empty("There is no resource type yet.", next)
}
