//! `/`, `/admin`: addresses that only lead to other pages, and those that don't exist.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};

use crate::access::RouteRequirement::{Anyone, Platform};
use crate::access::routes::Routes;
use crate::app::App;
use crate::identity::home;
use crate::identity::session::Visitor;
use crate::web::error::Error;
use crate::web::paths;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::ROOT, Anyone, root)
        .get(paths::ADMIN, Platform, console)
        .any_under(paths::ADMIN_SLASH, Platform, nothing_here)
        .any_under(paths::ADMIN_REST, Platform, nothing_here)
}

/// `/`: leads home, or to sign-in.
async fn root(State(app): State<App>, Visitor(visitor): Visitor) -> Result<impl IntoResponse, Error> {
    Ok(Redirect::to(&match visitor {
        Some(identity) => home::path(&app, &identity).await?,
        None => paths::LOGIN.to_owned(),
    }))
}

/// `/admin`: leads to the organisations, for now.
async fn console() -> Redirect {
    Redirect::to(paths::ADMIN_ORGS)
}

/// Answers console addresses that lead nowhere, for operators. Everybody else is sent to where they belong.
async fn nothing_here() -> Error {
    Error::NotFound
}
