//! What all pages and answers share: frames, names, moments, errors beside fields.

pub mod api;
pub mod as_of;
pub mod bulk_result;
pub mod changes;
pub mod console;
pub mod form;
pub mod moment;
pub mod names;
pub mod operator_access;
pub mod refused;
pub mod tenant;

use maud::{Markup, html};
use projections::event_log::StreamId;
use projections::memberships::{self, Membership};
use projections::org_list::ACTIVE;
use serde::Deserialize;

use crate::app::App;
use crate::identity::session::Identity;
use crate::ui::{self, OrgChoice, Tone, Viewer};
use crate::web::error::Error;

/// What the page after a command has to wait for.
#[derive(Deserialize, Clone, Copy, Debug, Default)]
pub struct AfterCommand {
    /// The position of the last event that the command gave.
    pub seen: Option<i64>,
}

/// What the frames know of the viewer.
pub fn viewer<'a>(identity: &'a Identity, organisations: &'a [OrgChoice]) -> Viewer<'a> {
    let operator = identity.grant.is_some() || identity.withheld;
    Viewer { name: identity.called(), email: &identity.session.email, operator, organisations }
}

/// Organisations for the switcher.
pub async fn choices(app: &App, identity: &Identity) -> Result<Vec<OrgChoice>, Error> {
    let memberships = memberships::of_person(&app.db, identity.session.person_id, "", 8).await?;
    let open = memberships.into_iter().filter(|membership| membership.status == ACTIVE);
    Ok(open.map(|Membership { slug, name, .. }| OrgChoice { slug, name }).collect())
}

/// The error for something that the read models don't have: nobody made it, or they have not reached it yet.
pub async fn missing(app: &App, stream: &StreamId) -> Result<Error, Error> {
    Ok(if app.projector.left_to_newer(stream).is_some() {
        Error::newer("about this")
    } else if app.projector.left_for_good(stream).is_some() {
        Error::unreadable("about this")
    } else if app.log.sequence(stream).await? > 0 {
        let detail = "It is in the history, and the pages have not caught up with that yet. Reload in a moment; do not \
                      send the form again.";
        Error::Later { title: "Recorded, and not readable yet", detail: detail.to_owned() }
    } else {
        Error::NotFound
    })
}

/// The notice after a command that had nothing to do.
pub fn nothing_changed() -> Markup {
    ui::note(Tone::Info, html! { "Nothing changed: it was so already." })
}
