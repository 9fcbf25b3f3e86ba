//! What several pages say of a role and of whoever holds it.

use crate::access::Operator;
use crate::app::App;
use crate::layout::names::Names;
use crate::ui::{self, Tone};
use crate::web::error::Error;
use domain::grant::PlatformRole;
use maud::{Markup, html};
use projections::Timestamp;
use projections::event_log::Recorded;
use projections::grants::{self};

/// Somebody, by name and address.
pub fn who<T>(listed: &grants::Listed<T>) -> Markup {
    html! {
        span.person { (ui::monogram(listed.called(), "person")) (listed.called()) }
        @if listed.name.is_some() { @if let Some(email) = &listed.email { " " span.hint { (email) } } }
    }
}

/// By whom and when.
pub fn by(names: &Names, actor: &str, at: Timestamp) -> Markup {
    html! { (names.actor_text(actor)) ", " (ui::time(at.into())) }
}

/// What somebody can do with a role.
pub fn may(role: PlatformRole) -> &'static str {
    match role {
        PlatformRole::Superadmin => "sees and changes all organisations, and grants and revokes roles",
        PlatformRole::Auditor => "sees all organisations and changes nothing",
    }
}

/// What others did since a page was made.
pub async fn meanwhile(
    app: &App,
    operator: &Operator,
    since: &[Recorded],
    again: bool,
) -> Result<Markup, Error> {
    let names = Names::of(app, &operator.platform, since).await?;
    Ok(ui::note(
        Tone::Warning,
        html! {
            p { strong { "Somebody changed the roles of this person while you were here." } " Nothing of yours was done yet. This is what happened:" }
            (names.timeline(since))
            @if again { p { "If you still want it, send it again." } }
        },
    ))
}
