//! `/password/{token}`: choosing a first password, after a grant made the account, or a new one in place of one that was
//! lost.

use axum::extract::State;
use axum::response::Response;
use domain::values::PersonId;
use maud::{Markup, html};
use projections::links::LinkPurpose;
use projections::people::{self, ChosenPassword, Person};
use serde::Deserialize;

use crate::app::App;
use crate::identity::account_log::{self, AccountEvent};
use crate::identity::client::Browser;
use crate::identity::session::hash_of;
use crate::identity::{links, second_factor};
use crate::layout::form::new_password;
use crate::layout::form::{Errors, again};
use crate::web::error::Error;
use crate::web::extract::{Form, Path};
use crate::web::paths;
use crate::{clock, ui};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordForm {
    password: String,
}

pub async fn form(State(app): State<App>, Path(token): Path<String>) -> Result<Markup, Error> {
    let (person, _) = whose(&app, &token).await?;
    Ok(page(&person, &Errors::default()))
}

pub async fn submit(
    State(app): State<App>,
    browser: Browser,
    Path(token): Path<String>,
    Form(typed): Form<PasswordForm>,
) -> Result<Response, Error> {
    let (person, replaces) = whose(&app, &token).await?;
    app.throttle.link_form(&token).await?;
    if let Err(weak) = app.passwords.judge(&typed.password, &[&person.email, person.called()]).await? {
        return Ok(again(page(&person, &Errors::one("password", weak))));
    }
    let hash = app.passwords.hash(typed.password).await?;
    let id = PersonId(person.person_id);
    let (link, now) = (hash_of(&token), clock::now());
    let chosen = ChosenPassword { person: id, hash: &hash, replaces };
    if !people::choose_password(&app.db, chosen, &link, now).await? {
        return Err(opens_nothing());
    }
    account_log::note(&app, id, AccountEvent::PasswordChosen.with("by a link"), &browser.client, None).await;
    second_factor::enter(&app, id, &browser, paths::ROOT).await.map_err(Error::but_password_is_set)
}

/// The person that the link was made for, and true if it replaces a password.
async fn whose(app: &App, token: &str) -> Result<(Person, bool), Error> {
    let (link, replaces) = match links::open(app, token, LinkPurpose::Password).await {
        Err(Error::NotFound) => {
            (links::open(app, token, LinkPurpose::NewPassword).await.map_err(nothing)?, true)
        }
        found => (found?, false),
    };
    let id = PersonId(link.person_id.ok_or_else(opens_nothing)?);
    let person = people::by_id(&app.db, id).await?;
    // Somebody who has chosen a first password meanwhile, by another link, keeps it.
    let person = person.filter(|person| replaces || person.password_hash.is_none());
    Ok((person.ok_or_else(opens_nothing)?, replaces))
}

fn nothing(error: Error) -> Error {
    if matches!(error, Error::NotFound) { opens_nothing() } else { error }
}

/// The answer for a link that was used and for one that never existed.
fn opens_nothing() -> Error {
    let told = "This link opens nothing. It works once, and for a day. If you have chosen your password already, sign in \
                with it; otherwise ask whoever sent you the link for a new one.";
    Error::NoSuch(told.to_owned())
}

fn page(person: &Person, errors: &Errors) -> Markup {
    ui::plain(
        "Choose a password",
        html! {
            h1 { "Choose a password" }
            p { "You will sign in as " strong { (person.email) } "." }
            (errors.summary())
            form method="post" data-once {
                input type="hidden" autocomplete="username" value=(person.email);
                (new_password(errors))
                (ui::submit("Set password and sign in"))
            }
        },
    )
}
