//! How somebody gets in: by password, code and passkey, by the links that let somebody choose a password, and by those of the
//! demonstration.

pub mod choose_password;
pub mod code;
pub mod confirm;
pub mod demo;
pub mod login;
pub mod passkey;
pub mod setup;

use crate::access::RouteRequirement::{Anyone, SignedIn};
use crate::access::routes::Routes;
use crate::web::paths;

pub fn routes(routes: Routes) -> Routes {
    let routes = demonstration(routes);
    routes
        .get(paths::LOGIN, Anyone, login::form)
        .post(paths::LOGIN, Anyone, login::submit)
        .get(paths::LOGIN_CODE, Anyone, code::form)
        .post(paths::LOGIN_CODE, Anyone, code::submit)
        .post(paths::LOGIN_PASSKEY, Anyone, passkey::submit)
        .post(paths::LOGIN_PASSKEY_QUESTION, Anyone, passkey::question)
        .post(paths::LOGOUT, Anyone, login::logout)
        .get(paths::SETUP, Anyone, setup::form)
        .post(paths::SETUP, Anyone, setup::submit)
        .get(paths::CHOOSE_PASSWORD, Anyone, choose_password::form)
        .post(paths::CHOOSE_PASSWORD, Anyone, choose_password::submit)
        .post(paths::ACCOUNT_CONFIRMATION, SignedIn, confirm::confirmed)
}

/// Adds links that sign in whoever has them, in a demonstration only.
fn demonstration(routes: Routes) -> Routes {
    if !routes.is_demonstration() {
        return routes;
    }
    routes.get(paths::SIGN_IN_LINK, Anyone, demo::form).post(paths::SIGN_IN_LINK, Anyone, demo::submit)
}
