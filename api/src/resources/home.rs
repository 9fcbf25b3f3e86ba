//! `/`, `/admin`: where addresses lead that show nothing themselves, and those that lead nowhere.

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

/// `/`: home, or sign-in.
async fn root(State(app): State<App>, Visitor(visitor): Visitor) -> Result<impl IntoResponse, Error> {
    Ok(Redirect::to(&match visitor {
        Some(identity) => home::path(&app, &identity).await?,
        None => paths::LOGIN.to_owned(),
    }))
}

/// `/admin`: the organisations, for now.
async fn console() -> Redirect {
    Redirect::to(paths::ADMIN_ORGS)
}

/// Addresses of the console that lead nowhere, for those who may see it; everybody else is sent where they belong.
async fn nothing_here() -> Error {
    Error::NotFound
}
