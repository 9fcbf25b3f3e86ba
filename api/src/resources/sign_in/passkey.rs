//! `/login/passkey`: sign-in with a passkey, which is both factors and needs no address.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::login::page;
use crate::app::App;
use crate::identity::account_log::{self, By};
use crate::identity::client::{Browser, Client};
use crate::identity::passkeys::{self, PasskeyAnswer, PasskeyQuestion};
use crate::identity::session;
use crate::layout::form::{Errors, again};
use crate::web::error::Error;
use crate::web::extract::{Form, Json, Nothing};
use crate::web::paths;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasskeySignInForm {
    handle: String,
    credential: String,
    #[serde(default)]
    next: String,
}

/// Gives the script its options when the button is pressed.
pub async fn question(
    State(app): State<App>,
    client: Client,
    _: Form<Nothing>,
) -> Result<Json<PasskeyQuestion>, Error> {
    app.throttle.question(client.address).await?;
    Ok(Json(passkeys::ask_anybody(&app).await?))
}

pub async fn submit(
    State(app): State<App>,
    browser: Browser,
    Form(answered): Form<PasskeySignInForm>,
) -> Result<Response, Error> {
    app.throttle.network(browser.client.address).await?;
    let answer = PasskeyAnswer { handle: answered.handle, credential: answered.credential };
    let Some(person) = passkeys::who(&app, &answer).await? else {
        account_log::nobody("with a passkey", &browser.client);
        let wrong = Errors::one("", "This passkey is not known here. Sign in with your password.");
        return Ok(again(page(&app, "", &answered.next, &wrong)));
    };
    let cookies = session::start(&app, person, By::Passkey, &browser).await?;
    let next = paths::local(&answered.next).unwrap_or(paths::ROOT);
    Ok((cookies, Redirect::to(next)).into_response())
}
