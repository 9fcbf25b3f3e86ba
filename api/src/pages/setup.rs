//! `/setup/{token}`: the one link of an empty portal, which makes the first superadmin.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::Grant;
use domain::grant::{GrantCommand, PlatformRole, Term};
use domain::values::{Email, PersonId, PersonName};
use maud::{Markup, html};
use projections::links::Purpose;
use projections::people;
use serde::Deserialize;

use crate::access::Issuer;
use crate::account_log::{self, AccountEvent};
use crate::app::App;
use crate::bus::Envelope;
use crate::client::Client;
use crate::error::Error;
use crate::extract::{Form, Path};
use crate::pages::form::{Errors, again};
use crate::ui::{self, Field, Kind};
use crate::{clock, links, paths, second_factor};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct FirstPerson {
    name: String,
    email: String,
    password: String,
}

pub async fn form(State(app): State<App>, Path(token): Path<String>) -> Result<Markup, Error> {
    links::open(&app, &token, Purpose::FirstStart).await?;
    Ok(page(&FirstPerson::default(), &Errors::default()))
}

pub async fn submit(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    Path(token): Path<String>,
    Form(typed): Form<FirstPerson>,
) -> Result<Response, Error> {
    links::open(&app, &token, Purpose::FirstStart).await?;
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
    let hash = app.passwords.hash(typed.password).await?;
    links::use_up(&app, &token).await?;
    let person = people::ensure(&app.db, PersonId(clock::new_id()), &email, clock::now()).await?;
    let id = PersonId(person.person_id);
    people::set_name(&app.db, id, &name).await?;
    people::set_password(&app.db, id, &hash).await?;
    account_log::note(&app, id, (AccountEvent::PasswordChosen, "at the first start"), &client, None).await;
    let reason =
        "The first superadmin, by the link of an empty portal".parse().map_err(anyhow::Error::from)?;
    let give = GrantCommand::Give {
        role: PlatformRole::Superadmin,
        reason,
        term: Term::FOR_GOOD,
        at: clock::now().into(),
    };
    app.bus.send::<Grant>(&Issuer::Setup, id, give, Envelope::new()).await?;
    second_factor::enter(&app, id, &client, &headers, paths::ADMIN_ORGS).await
}

fn page(typed: &FirstPerson, errors: &Errors) -> Markup {
    ui::plain(
        "Set up portal",
        html! {
            h1 { "Set up portal" }
            p { "You will be the first superadmin: you create organisations and decide who else may." }
            (errors.summary())
            form method="post" data-once {
                (Field::new("name", "Your name").value(&typed.name).error(errors.of("name")).autocomplete("name").max(100))
                (Field::new("email", "E-mail address").kind(Kind::Email).value(&typed.email).error(errors.of("email")).autocomplete("username"))
                (new_password(errors))
                (ui::submit("Become superadmin"))
            }
        },
    )
}

/// The field in which somebody chooses a password.
pub fn new_password(errors: &Errors) -> Field<'_> {
    Field::new("password", "Password")
        .kind(Kind::Password)
        .autocomplete("new-password")
        .help("At least 10 characters. A few unrelated words are easy to remember and hard to guess.")
        .error(errors.of("password"))
        .max(200)
}
