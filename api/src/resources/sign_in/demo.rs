//! `/sign-in/{token}`: the links that `portal demo` prints, one for each character.

use axum::extract::State;
use axum::response::Response;
use domain::values::PersonId;
use maud::{Markup, html};
use projections::links::LinkPurpose;
use projections::people::{self, Person};

use crate::app::App;
use crate::identity::account_log::By;
use crate::identity::client::Browser;
use crate::identity::{links, second_factor};
use crate::ui;
use crate::web::error::Error;
use crate::web::extract::Path;
use crate::web::paths;

pub async fn form(State(app): State<App>, Path(token): Path<String>) -> Result<Markup, Error> {
    let person = whose(&app, &token).await?;
    Ok(ui::plain(
        "Demonstration",
        html! {
            h1 { "Demonstration" }
            p { "Look around as " strong { (person.called()) } " (" (person.email) "). Everything is thrown away when the demonstration ends." }
            form method="post" data-once { (ui::submit(&format!("Continue as {}", person.called()))) }
        },
    ))
}

pub async fn submit(
    State(app): State<App>,
    browser: Browser,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let person = whose(&app, &token).await?;
    second_factor::enter_by(&app, PersonId(person.person_id), By::Link, &browser, paths::ROOT).await
}

async fn whose(app: &App, token: &str) -> Result<Person, Error> {
    let link = links::open(app, token, LinkPurpose::SignIn).await?;
    let id = PersonId(link.person_id.ok_or(Error::NotFound)?);
    people::by_id(&app.db, id).await?.ok_or(Error::NotFound)
}
