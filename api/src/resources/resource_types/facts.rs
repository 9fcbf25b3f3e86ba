//! The parts about a resource type that several pages share.

use domain::ResourceType;
use domain::resource_type::ResourceChoice;
use domain::resource_type::RolloutPolicy;
use domain::values::ResourceCode;
use maud::{Markup, html};
use projections::event_log::StreamId;
use projections::resource_types::{self, ResourceTypeRow};
use projections::resource_types::{OrgResourceType, Reach};

use crate::access::Operator;
use crate::app::App;
use crate::layout::missing;
use crate::layout::names::Names;
use crate::ui::{self, Tone};
use crate::web::error::Error;

/// The resource type with this code.
pub(super) async fn load(app: &App, operator: &Operator, code: &str) -> Result<ResourceTypeRow, Error> {
    match resource_types::get(&app.db, &operator.platform, code).await? {
        Some(row) => Ok(row),
        None => Err(missing(app, &stream(code)).await?),
    }
}

/// The stream of the type's events.
pub(super) fn stream(code: &str) -> StreamId {
    let code: Option<ResourceCode> = code.parse().ok();
    code.map_or_else(|| StreamId { kind: String::new(), id: String::new() }, StreamId::of::<ResourceType>)
}

pub(super) fn deactivated(row: &ResourceTypeRow) -> Markup {
    let reason = row.reason.as_deref().unwrap_or("no reason was given");
    ui::note(Tone::Warning, html! { "Deactivated " (ui::time(row.changed_at.into())) ": " (reason) })
}

pub(super) fn facts(row: &ResourceTypeRow) -> Markup {
    ui::facts(&[
        ("Code", ui::copyable(&row.code)),
        ("Description", html! { @if row.description.is_empty() { "–" } @else { (row.description) } }),
        ("Actions", html! { (row.actions) }),
        ("Defined", ui::time(row.defined_at.into())),
        ("Last change", ui::time(row.changed_at.into())),
    ])
}

/// A policy in two words.
pub fn policy(spread: RolloutPolicy) -> &'static str {
    match spread {
        RolloutPolicy::Everywhere => "everywhere",
        RolloutPolicy::NewOnly => "new organisations only",
        RolloutPolicy::OptIn => "opt-in",
    }
}

/// How many organisations have it.
pub fn reached(row: &ResourceTypeRow, reach: Reach) -> i64 {
    if row.active { reach.reached } else { 0 }
}

/// Why the organisation has the type or not: a policy and its event, or a choice and who made it.
pub fn because(held: &OrgResourceType, names: &Names) -> Markup {
    let chosen = held.choice.as_deref().zip(held.chosen_at.zip(held.chosen_position));
    let Some((choice, (at, position))) = chosen else {
        let policy = held.spread.parse().map_or("–", policy);
        return html! { "policy: " (policy) " " (ui::position(held.spread_position)) };
    };
    let verb = if choice == ResourceChoice::OptedIn.as_str() { "opted in" } else { "opted out" };
    let by = held.chosen_by.as_deref().map(|actor| names.actor_text(actor)).unwrap_or_default();
    html! { (verb) " by " (by) " " (ui::time(at.into())) " " (ui::position(position)) }
}
