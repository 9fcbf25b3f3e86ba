//! `/admin/reference-data/{code}`: one resource type: what it is, who has it, and its events.

use axum::extract::State;
use maud::{Markup, html};
use projections::event_log::Recorded;
use projections::resource_types::{self, Reach, ResourceTypeRow};

use super::change_kind::ResourceTypeChange;
use super::facts::{deactivated, facts, load, stream};
use crate::access::Operator;
use crate::app::App;
use crate::layout::as_of::{self, AsOfQuery};
use crate::layout::console::ConsolePage;
use crate::layout::names::Names;
use crate::resources::history::bar::open_in_history;
use crate::resources::resource_types::facts::policy;
use crate::resources::resource_types::facts::reached;
use crate::ui::{self, Section};
use crate::web::error::Error;
use crate::web::extract::{Path, Query};
use crate::web::paths;

pub async fn show(
    State(app): State<App>,
    operator: Operator,
    Path(code): Path<String>,
    Query(asked): Query<AsOfQuery>,
) -> Result<Markup, Error> {
    let row = load(&app, &operator, &code).await?;
    if let Some(at) = asked.read(&app).await? {
        return super::as_of::one(&app, &operator, &row, at).await;
    }
    let desk = ConsolePage::open(&app, &operator, asked.seen()).await?;
    let reach = resource_types::reach(&app.db, &operator.platform, &row).await?;
    let mut events = app.log.stream(&stream(&row.code), 0).await?;
    events.reverse();
    let names = Names::of(&app, &operator.platform, &events).await?;
    let change = operator.identity.is_superadmin();
    let content = html! {
        (head(&row, change))
        @if !row.active { (deactivated(&row)) }
        (ui::columns(
            html! {
                (ui::card_with("History", before_the_last(&row, &events), names.timeline(&events)))
                @if change && row.active { (danger(&row)) }
            },
            html! {
                (ui::card("What it is", facts(&row)))
                (ui::card("Who has it", adoption(&row, reach)))
            },
        ))
    };
    let crumbs = [("Reference data", paths::ADMIN_REFERENCE.to_owned())];
    Ok(desk.page(Section::ReferenceData, &row.label, &crumbs, content))
}

fn head(row: &ResourceTypeRow, change: bool) -> Markup {
    let link = |label, change| ui::button_link(label, &paths::resource_type_change(&row.code, change));
    let status = ui::badge(if row.active { "active" } else { "deactivated" });
    let actions = html! {
        (ui::button_link("Compare with …", &paths::compare(&row.code)))
        @if change && row.active {
            (link("Relabel", ResourceTypeChange::Label))
            (link("Describe", ResourceTypeChange::Description))
            (link("Change actions", ResourceTypeChange::Actions))
            (link("Change spread", ResourceTypeChange::Spread))
        } @else if change {
            (ui::primary_link("Reactivate", &paths::resource_type_change(&row.code, ResourceTypeChange::Reactivation)))
        }
        (as_of::control(&paths::resource_type(&row.code), None, &[]))
    };
    ui::head(&row.label, Some(status), Some(ui::id(&row.code)), ui::actions(actions))
}

/// Links to a comparison with the type before its last change, which is the first of these events, and to all events.
fn before_the_last(row: &ResourceTypeRow, events: &[Recorded]) -> Markup {
    let last = events.first().filter(|_| events.len() > 1);
    html! {
        @if let Some(last) = last {
            a href=(paths::compare_with_before(&row.code, last.position)) { "Compare with before the last change" }
        }
        (open_in_history(&row.code))
    }
}

fn adoption(row: &ResourceTypeRow, reach: Reach) -> Markup {
    let number = format!("{} of {}", ui::number(reached(row, reach)), ui::number(reach.organisations));
    ui::facts(&[
        ("Spread", html! { (row.spread.parse().map_or("–", policy)) }),
        ("Organisations", html! { (number) }),
        ("By event", ui::position(row.spread_position)),
        ("Exceptions", html! { (ui::number(reach.opted_in)) " in, " (ui::number(reach.opted_out)) " out" }),
    ])
}

fn danger(row: &ResourceTypeRow) -> Markup {
    let path = paths::resource_type_change(&row.code, ResourceTypeChange::Deactivation);
    ui::danger(&[(
        "Deactivate",
        "No organisation has it any more. Nothing is deleted, and it can be reactivated as it was.",
        path,
        "Deactivate …",
    )])
}
