//! What several pages show of one resource type.

use domain::ResourceType;
use domain::values::ResourceCode;
use maud::{Markup, html};
use projections::event_log::StreamId;
use projections::resource_types::{self, ResourceTypeRow};

use crate::access::Operator;
use crate::app::App;
use crate::pages::missing;
use crate::ui::{self, Tone};
use crate::web::error::Error;

/// The resource type with this code.
pub(super) async fn load(app: &App, operator: &Operator, code: &str) -> Result<ResourceTypeRow, Error> {
    match resource_types::get(&app.db, &operator.platform, code).await? {
        Some(row) => Ok(row),
        None => Err(missing(app, &stream(code)).await?),
    }
}

/// Where its events stand.
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
