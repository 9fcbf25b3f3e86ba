//! `/account/passkeys`: the passkeys with which somebody signs in, instead of password and code.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::values::PersonName;
use maud::{Markup, html};
use projections::passkeys::{self as stored, Passkey};
use projections::sessions;
use serde::Deserialize;

use super::second_factor::may_change;
use crate::app::App;
use crate::bus::sensitive::Act;
use crate::clock;
use crate::identity::account_log::AccountEvent;
use crate::identity::client::Client;
use crate::identity::passkeys::{self, PasskeyAnswer, PasskeyQuestion};
use crate::identity::session::Identity;
use crate::identity::sudo;
use crate::layout::form::{Errors, again};
use crate::ui::{self, Column, Field};
use crate::web::error::Error;
use crate::web::extract::{Form, Json, Nothing};
use crate::web::paths;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasskeyForm {
    name: String,
    handle: String,
    credential: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasskeyRemovalForm {
    passkey: String,
}

/// Gives the script its options for adding a passkey.
pub async fn question(
    State(app): State<App>,
    identity: Identity,
    _: Form<Nothing>,
) -> Result<Json<PasskeyQuestion>, Error> {
    Ok(Json(passkeys::ask_new(&app, identity.person()).await?))
}

/// Gives the script its options for proving with a passkey who is signed in.
pub async fn proof(
    State(app): State<App>,
    identity: Identity,
    _: Form<Nothing>,
) -> Result<Json<PasskeyQuestion>, Error> {
    Ok(Json(passkeys::ask_again(&app, identity.person()).await?))
}

pub async fn add(
    State(app): State<App>,
    identity: Identity,
    client: Client,
    Form(new): Form<PasskeyForm>,
) -> Result<Response, Error> {
    may_change(&app, &identity).await?;
    sudo::ask(&identity, Act::AddPasskey)?;
    let wrong = async |sentence: &str| -> Result<Response, Error> {
        let errors = Errors::one("passkey", sentence);
        Ok(again(super::page(&app, &identity, "", &errors).await?))
    };
    let name = match new.name.parse::<PersonName>() {
        Ok(name) => name,
        Err(error) => return wrong(&error.to_string()).await,
    };
    let answer = PasskeyAnswer { handle: new.handle, credential: new.credential };
    if !passkeys::keep(&app, identity.person(), &name, &answer).await? {
        return wrong("this passkey could not be added; try it once more").await;
    }
    sessions::prove(&app.db, identity.session.session_id, clock::now(), true).await?;
    identity.note(&app, AccountEvent::PasskeyAdded.with(name.as_str()), &client).await;
    Ok(Redirect::to("/account?done=passkey").into_response())
}

pub async fn remove(
    State(app): State<App>,
    identity: Identity,
    client: Client,
    Form(PasskeyRemovalForm { passkey }): Form<PasskeyRemovalForm>,
) -> Result<Redirect, Error> {
    may_change(&app, &identity).await?;
    sudo::ask(&identity, Act::RemovePasskey)?;
    let id = hex::decode(passkey).or(Err(Error::NotFound))?;
    let known = stored::of_person(&app.db, identity.person()).await?;
    stored::remove(&app.db, identity.person(), &id).await?;
    if let Some(gone) = known.iter().find(|known| known.credential_id == id) {
        identity.note(&app, AccountEvent::PasskeyRemoved.with(&gone.name), &client).await;
    }
    Ok(Redirect::to("/account?done=passkey-removed"))
}

pub(super) async fn card(app: &App, identity: &Identity, errors: &Errors) -> Result<Markup, Error> {
    let known = stored::of_person(&app.db, identity.person()).await?;
    let possible = passkeys::are_possible(&app.settings);
    Ok(ui::card(
        "Passkeys",
        html! {
            @if !known.is_empty() { div { (table(&known)) } }
            @if possible {
                p { "With a passkey you sign in by your fingerprint, face or screen lock, and type nothing." }
                (new(errors))
            } @else {
                p.hint { "Passkeys need a domain name, and this portal is reached by an IP address, so you can't use them here." }
            }
        },
    ))
}

/// The form for a new passkey. It stays hidden without the script, or in a browser without passkeys.
fn new(errors: &Errors) -> Markup {
    html! {
        form method="post" action=(paths::PASSKEYS) data-needs-passkeys hidden {
            input type="hidden" name="handle" data-passkey-handle;
            input type="hidden" name="credential" data-passkey-credential;
            (Field::new("name", "Name of the new passkey")
                .max(100).id("passkey").error(errors.of("passkey")).help("A name that you will recognise, such as “Telephone” or “Blue key”."))
            (ui::passkey_button("Add a passkey", paths::PASSKEYS_QUESTION))
        }
    }
}

fn table(known: &[Passkey]) -> Markup {
    let columns = [Column::new("Passkey"), Column::new("Added"), Column::new("Last used"), Column::actions()];
    let row = |passkey: &Passkey| {
        vec![
            html! { (passkey.name) },
            ui::time(passkey.created_at.into()),
            passkey.last_used_at.map_or_else(|| html! { "–" }, |at| ui::time(at.into())),
            html! {
                form.inline method="post" action=(paths::PASSKEYS_REMOVAL) {
                    input type="hidden" name="passkey" value=(hex::encode(&passkey.credential_id));
                    button.link type="submit" { "Remove" span.visually-hidden { " " (passkey.name) } }
                }
            },
        ]
    };
    ui::table("Passkeys", &columns, &known.iter().map(row).collect::<Vec<_>>())
}
