//! What people see. Each module is a page or a few that belong together; its name is its place in the URL.

pub mod account;
pub mod admin;
pub mod choose_password;
pub mod demo;
pub mod form;
pub mod invitation;
pub mod login;
pub mod looks;
pub mod moment;
pub mod names;
pub mod organisations;
pub mod setup;
pub mod sudo;
pub mod tenant;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use maud::{Markup, html};
use projections::event_log::StreamId;
use projections::memberships::{self, Membership};
use projections::org_list::ACTIVE;

use crate::app::App;
use crate::identity::home;
use crate::identity::session::{Identity, Visitor};
use crate::ui::{self, Choice, Tone, Viewer};
use crate::web::error::Error;
use crate::web::paths;

/// `/`: home, or sign-in.
pub async fn root(State(app): State<App>, Visitor(visitor): Visitor) -> Result<impl IntoResponse, Error> {
    Ok(Redirect::to(&match visitor {
        Some(identity) => home::path(&app, &identity).await?,
        None => paths::LOGIN.to_owned(),
    }))
}

/// What frames know of whoever looks.
pub fn viewer<'a>(identity: &'a Identity, organisations: &'a [Choice]) -> Viewer<'a> {
    let operator = identity.grant.is_some() || identity.withheld;
    Viewer { name: identity.called(), email: &identity.session.email, operator, organisations }
}

/// Organisations for the switcher.
pub async fn choices(app: &App, identity: &Identity) -> Result<Vec<Choice>, Error> {
    let memberships = memberships::of_person(&app.db, identity.session.person_id, "", 8).await?;
    let open = memberships.into_iter().filter(|membership| membership.status == ACTIVE);
    Ok(open.map(|Membership { slug, name, .. }| Choice { slug, name }).collect())
}

/// Addresses of the console that lead nowhere, for those who may see it; everybody else is sent where they belong.
pub async fn nothing_here() -> Error {
    Error::NotFound
}

/// Why something can't be shown that the read models don't have: nobody made it, or they don't have it yet.
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

/// What is said after a command that had nothing to do.
fn nothing_changed() -> Markup {
    ui::note(Tone::Info, html! { "Nothing changed: it was so already." })
}
