//! `/login/code`: the second half of a sign-in, after the password.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use projections::people;
use serde::Deserialize;

use super::login::{LoginQuery, onwards};
use crate::app::App;
use crate::identity::account_log::{self, AccountEvent, By};
use crate::identity::client::Browser;
use crate::identity::second_factor::{self, Taken};
use crate::identity::session::{self, Visitor};
use crate::layout::form::{Errors, again};
use crate::ui::{self, Field};
use crate::web::error::Error;
use crate::web::extract::{Form, Query};
use crate::web::paths;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeForm {
    code: String,
    #[serde(default)]
    next: String,
}

pub async fn form(
    State(app): State<App>,
    Visitor(visitor): Visitor,
    headers: HeaderMap,
    Query(LoginQuery { next }): Query<LoginQuery>,
) -> Result<Response, Error> {
    if let Some(identity) = visitor {
        return Ok(Redirect::to(&onwards(&app, &identity, &next).await?).into_response());
    }
    let half = session::half_done(&app, &headers);
    let waiting = match &half {
        Some((handle, _)) => second_factor::waiting(&app, handle).await?,
        None => None,
    };
    Ok(match waiting {
        Some(_) => page(&next, &Errors::default()).into_response(),
        None => Redirect::to(&paths::login_then(&next)).into_response(),
    })
}

/// Accepts a code of the app or a recovery code, whichever was typed.
pub async fn submit(
    State(app): State<App>,
    browser: Browser,
    Form(typed): Form<CodeForm>,
) -> Result<Response, Error> {
    let too_late = || Redirect::to(&paths::login_then(&typed.next)).into_response();
    let Some((handle, forget)) = session::half_done(&app, &browser.headers) else { return Ok(too_late()) };
    let Some(person) = second_factor::waiting(&app, handle).await? else { return Ok(too_late()) };
    let email = people::by_id(&app.db, person).await?.map(|person| person.email).unwrap_or_default();
    let device = session::known_device(&app, &browser.headers, &email).await?;
    session::may_start(&app).await?;
    app.throttle.code(person, browser.client.address, device).await?;
    let taken = second_factor::take(&app, person, &typed.code).await?;
    if let Some(why) = taken.refusal() {
        account_log::note(
            &app,
            person,
            AccountEvent::SignInFailed.with("with a wrong code"),
            &browser.client,
            None,
        )
        .await;
        return Ok(again(page(&typed.next, &Errors::one("code", why))));
    }
    if !second_factor::arrived(&app, handle).await.map_err(Error::but_code_is_used)? {
        return Ok(too_late());
    }
    let by = if taken == Taken::RecoveryCode { By::RecoveryCode } else { By::PasswordAndCode };
    let started = session::start(&app, person, by, &browser).await.map_err(Error::but_code_is_used)?;
    if taken == Taken::RecoveryCode {
        account_log::note(
            &app,
            person,
            AccountEvent::RecoveryCodeUsed.with("to sign in"),
            &browser.client,
            None,
        )
        .await;
    }
    let next = paths::local(&typed.next).unwrap_or(paths::ROOT);
    Ok((started.and(forget), Redirect::to(next)).into_response())
}

fn page(next: &str, errors: &Errors) -> Markup {
    let below = html! { a href=(paths::LOGIN) { "Sign in as somebody else" } };
    ui::plain_with(
        "Enter a code",
        html! {
            h1 { "Enter a code" }
            p { "Your password was right. Now type the six digits that your app shows for portal." }
            (errors.summary())
            form method="post" action=(paths::LOGIN_CODE) data-once {
                input type="hidden" name="next" value=(next);
                (Field::new("code", "Code").autocomplete("one-time-code").error(errors.of("code")).max(40).focused()
                    .help("Without your telephone, use one of your recovery codes: each works once."))
                (ui::submit("Sign in"))
            }
        },
        below,
    )
}
