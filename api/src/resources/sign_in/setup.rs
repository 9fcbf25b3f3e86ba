//! `/setup/{token}`: the one link of an empty portal, which makes the first superadmin.
//!
//! **Invariant:** name, password and role are one append, and the link is its command: it is carried out once, or not at
//! all.

use axum::extract::State;
use axum::response::Response;
use domain::Grant;
use domain::grant::{GrantCommand, PlatformRole, Term};
use domain::values::{Email, PersonId, PersonName};
use maud::{Markup, html};
use projections::event_log::{CompanionRows, Joined};
use projections::links::LinkPurpose;
use projections::people;
use serde::Deserialize;

use crate::app::App;
use crate::bus::{Envelope, Principal, SendError};
use crate::clock;
use crate::identity::account_log::{self, AccountEvent};
use crate::identity::client::Browser;
use crate::identity::{links, second_factor};
use crate::layout::form::new_password;
use crate::layout::form::{Errors, again};
use crate::ui::{self, Field, FieldKind};
use crate::web::error::Error;
use crate::web::extract::{Form, Path};
use crate::web::paths;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct SetupForm {
    name: String,
    email: String,
    password: String,
}

pub async fn form(State(app): State<App>, Path(token): Path<String>) -> Result<Markup, Error> {
    links::open(&app, &token, LinkPurpose::FirstStart).await?;
    Ok(page(&SetupForm::default(), &Errors::default()))
}

pub async fn submit(
    State(app): State<App>,
    browser: Browser,
    Path(token): Path<String>,
    Form(typed): Form<SetupForm>,
) -> Result<Response, Error> {
    links::open(&app, &token, LinkPurpose::FirstStart).await?;
    app.throttle.link_form(&token).await?;
    let mut errors = Errors::default();
    let (name, email) =
        (errors.parse::<PersonName>("name", &typed.name), errors.parse::<Email>("email", &typed.email));
    if let Err(weak) = app.passwords.judge(&typed.password, &[&typed.email, &typed.name]).await? {
        errors.add("password", weak);
    }
    let (Some(name), Some(email), true) = (name, email, errors.is_empty()) else {
        return Ok(again(page(&typed, &errors)));
    };
    let password_hash = app.passwords.hash(typed.password.clone()).await?;
    let person = people::ensure(&app.db, PersonId(clock::new_id()), &email, clock::now()).await?;
    let id = PersonId(person.person_id);
    let reason =
        "The first superadmin, by the link of an empty portal".parse().map_err(anyhow::Error::from)?;
    let give = GrantCommand::Give {
        role: PlatformRole::Superadmin,
        reason,
        term: Term::FOR_GOOD,
        at: clock::now().into(),
    };
    let beside = Some(CompanionRows::Joined(Joined { person: id, name, password_hash }));
    let envelope = Envelope { command_id: links::command(&token), beside, ..Envelope::new() };
    match app.bus.send::<Grant>(&Principal::Setup, id, give, envelope).await {
        Err(SendError::PasswordChosen) => {
            errors.add(
                "email",
                "somebody with this address has an account; use another one, or `portal grant` on the server",
            );
            return Ok(again(page(&typed, &errors)));
        }
        Err(SendError::CommandReused) => return Err(Error::NotFound), // somebody was quicker with this link
        given => given?,
    };
    if let Err(error) = links::use_up(&app, &token).await {
        tracing::warn!(%error, "the link of the first start was not marked as used; it opens nothing any more");
    }
    account_log::note(
        &app,
        id,
        AccountEvent::PasswordChosen.with("at the first start"),
        &browser.client,
        None,
    )
    .await;
    second_factor::enter(&app, id, &browser, paths::ADMIN_ORGS).await.map_err(Error::but_password_is_set)
}

fn page(typed: &SetupForm, errors: &Errors) -> Markup {
    ui::plain(
        "Set up portal",
        html! {
            h1 { "Set up portal" }
            p { "You will be the first superadmin: you create organisations and decide who else may." }
            (errors.summary())
            form method="post" data-once {
                (Field::new("name", "Your name").value(&typed.name).error(errors.of("name")).autocomplete("name").max(100))
                (Field::new("email", "E-mail address").kind(FieldKind::Email).value(&typed.email).error(errors.of("email")).autocomplete("username"))
                (new_password(errors))
                (ui::submit("Become superadmin"))
            }
        },
    )
}
