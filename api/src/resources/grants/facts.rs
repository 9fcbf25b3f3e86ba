//! The parts about a role and its holder that several pages share.

use domain::grant::PlatformRole;
use maud::{Markup, html};
use projections::Timestamp;
use projections::grants::{self};

use crate::layout::names::Names;
use crate::ui::{self};

/// A person, by name and address.
pub fn who<T>(listed: &grants::WithPerson<T>) -> Markup {
    html! {
        span.person { (ui::monogram(listed.called(), "person")) (listed.called()) }
        @if listed.name.is_some() { @if let Some(email) = &listed.email { " " span.hint { (email) } } }
    }
}

/// Who did something, and when.
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

/// What the notice names when somebody else changed a role while a form was open.
pub const ROLES: &str = "the roles of this person";
