//! `/login`, `/logout`: e-mail and password.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::values::{Email, PersonId};
use maud::{Markup, html};
use projections::sessions;
use serde::Deserialize;

use crate::app::App;
use crate::credentials::passwords::Asker;
use crate::identity::account_log::{self, AccountEvent};
use crate::identity::client::{Browser, Client};
use crate::identity::session::{self, Identity, Visitor};
use crate::identity::{home, passkeys, second_factor};
use crate::layout::form::{Errors, again};
use crate::ui::{self, Field, FieldKind};
use crate::web::error::Error;
use crate::web::extract::{Form, Query};
use crate::web::paths;

#[derive(Deserialize, Default)]
pub struct LoginQuery {
    #[serde(default)]
    pub next: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

pub async fn form(
    State(app): State<App>,
    Visitor(visitor): Visitor,
    Query(LoginQuery { next }): Query<LoginQuery>,
) -> Result<Response, Error> {
    match visitor {
        Some(identity) => Ok(Redirect::to(&onwards(&app, &identity, &next).await?).into_response()),
        None => Ok(page(&app, "", &next, &Errors::default()).into_response()),
    }
}

/// Signs in. The answer does not say what is wrong: an unknown address and a wrong password look alike.
pub async fn submit(
    State(app): State<App>,
    browser: Browser,
    Form(typed): Form<Credentials>,
) -> Result<Response, Error> {
    let email = typed.email.parse::<Email>().ok();
    let device =
        session::known_device(&app, &browser.headers, email.as_ref().map_or("", Email::as_str)).await?;
    app.throttle.sign_in(email.as_ref(), browser.client.address, device).await?;
    let person = match email {
        Some(email) => app.lookups.person(&email).await?,
        None => None,
    };
    let stored = person.as_ref().and_then(|person| person.password_hash.clone());
    let asker = if device.is_some() { Asker::Known } else { Asker::Stranger };
    let known = app.passwords.verify(asker, typed.password, stored).await?;
    let Some(person) = person.as_ref().filter(|_| known) else {
        match &person {
            Some(person) => {
                let (id, what) =
                    (PersonId(person.person_id), AccountEvent::SignInFailed.with("with a wrong password"));
                account_log::note(&app, id, what, &browser.client, None).await;
            }
            None => account_log::nobody("with an unknown address", &browser.client),
        }
        let wrong = Errors::one("", "This e-mail address and password don't belong together.");
        return Ok(again(page(&app, &typed.email, &typed.next, &wrong)));
    };
    second_factor::enter(&app, PersonId(person.person_id), &browser, &typed.next).await
}

/// Signs out. With a path to go to, it leads to sign-in and from there to the path.
pub async fn logout(
    State(app): State<App>,
    client: Client,
    Visitor(visitor): Visitor,
    Query(LoginQuery { next }): Query<LoginQuery>,
) -> Result<Response, Error> {
    if let Some(identity) = visitor {
        sessions::end(&app.db, identity.person(), identity.session.session_id).await?;
        identity.note(&app, AccountEvent::SignedOut.with(""), &client).await;
    }
    let to = paths::local(&next).map_or_else(|| paths::LOGIN.to_owned(), paths::login_then);
    Ok((session::forget(&app), CLEAR_SITE_DATA, Redirect::to(&to)).into_response())
}

/// Clears what the browser keeps of our pages, for whoever uses it next. The cookie by which the browser is known stays: it
/// signs nobody in, and without it strangers could use up the attempts of the account's owner.
const CLEAR_SITE_DATA: [(&str, &str); 1] = [("clear-site-data", "\"cache\", \"storage\"")];

pub async fn onwards(app: &App, identity: &Identity, next: &str) -> Result<String, Error> {
    match paths::local(next) {
        Some(path) => Ok(path.to_owned()),
        None => home::path(app, identity).await,
    }
}

pub fn page(app: &App, email: &str, next: &str, errors: &Errors) -> Markup {
    let invited = html! { "There is no sign-up: whoever runs your organisation invites you, and the link you get opens your account." };
    ui::plain_with(
        "Sign in",
        html! {
            h1 { "Sign in" }
            p { "One account for every organisation that you belong to." }
            (errors.summary())
            form method="post" action=(paths::LOGIN) data-once {
                input type="hidden" name="next" value=(next);
                (Field::new("email", "E-mail address").kind(FieldKind::Email).value(email).autocomplete("username"))
                (Field::new("password", "Password").kind(FieldKind::Password).autocomplete("current-password"))
                (ui::submit("Sign in"))
            }
            @if passkeys::are_possible(&app.settings) { (with_passkey(next)) }
        },
        invited,
    )
}

/// The button for passkeys. The script shows it in browsers that know passkeys.
fn with_passkey(next: &str) -> Markup {
    html! {
        form method="post" action=(paths::LOGIN_PASSKEY) data-needs-passkeys hidden {
            input type="hidden" name="next" value=(next);
            input type="hidden" name="handle" data-passkey-handle;
            input type="hidden" name="credential" data-passkey-credential;
            (ui::passkey_button("Sign in with a passkey", paths::LOGIN_PASSKEY_QUESTION))
        }
    }
}
