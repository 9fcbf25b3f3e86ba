//! `/admin/superadmins/new`: a platform role for somebody, whether they were ever here or not.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Grant;
use domain::grant::{GrantCommand, PlatformRole};
use domain::values::{Email, PersonId, Reason};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::{may, role_of};
use crate::access::{Issuer, Operator};
use crate::app::App;
use crate::bus::{Envelope, Receipt, SendError};
use crate::client::Client;
use crate::error::Error;
use crate::extract::Form;
use crate::pages::admin::{Desk, Seen};
use crate::pages::form::{Errors, again};
use crate::ui::{self, Field, Kind, Section};
use crate::{clock, links, paths, session};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    command_id: Uuid,
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    reason: String,
}

pub async fn form(State(app): State<App>, operator: Operator) -> Result<Markup, Error> {
    let role = PlatformRole::Superadmin.as_str().to_owned();
    let typed = NewGrant { command_id: clock::new_id(), role, ..NewGrant::default() };
    page(&app, &operator, &typed, &Errors::default()).await
}

pub async fn submit(
    State(app): State<App>,
    operator: Operator,
    client: Client,
    Form(typed): Form<NewGrant>,
) -> Result<Response, Error> {
    let (email, give) = match parse(&typed) {
        Ok(parsed) => parsed,
        Err(errors) => return Ok(again(page(&app, &operator, &typed, &errors).await?)),
    };
    let command_id = typed.command_id;
    let (person, link) = links::prepare_password(&app, command_id, email).await?;
    let (token, beside) = link.unzip();
    let envelope = Envelope { command_id, address: client.address, beside, ..Envelope::new() };
    match app.bus.send::<Grant>(&Issuer::from(&operator.identity), person, give, envelope).await {
        Ok(receipt) => done(&app, (person, token), receipt).await,
        Err(refusal @ SendError::AddressTaken) => {
            Ok(again(page(&app, &operator, &typed, &Errors::one("email", refusal)).await?))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn parse(typed: &NewGrant) -> Result<(Email, GrantCommand), Errors> {
    let mut errors = Errors::default();
    let email = errors.parse::<Email>("email", &typed.email);
    let role = role_of(&typed.role);
    if role.is_none() {
        errors.add("role", "choose superadmin or auditor");
    }
    let reason = errors.parse::<Reason>("reason", &typed.reason);
    match (email, role, reason) {
        (Some(email), Some(role), Some(reason)) => Ok((email, GrantCommand::Give { role, reason })),
        _ => Err(errors),
    }
}

/// To the list, which says what was done; for somebody who can't sign in yet with a link to pass on.
async fn done(
    app: &App,
    (person, token): (PersonId, Option<String>),
    receipt: Receipt,
) -> Result<Response, Error> {
    if receipt.sequence == 0 {
        // They hold it already, so nothing was written, and no link either.
        let to = Redirect::to(&format!("{}?held={}", paths::ADMIN_SUPERADMINS, person.0));
        if token.is_none() {
            return Ok(to.into_response());
        }
        return Ok((session::hand_over(app, &links::choose_password(app, person).await?), to).into_response());
    }
    let to = Redirect::to(&paths::seen(paths::ADMIN_SUPERADMINS, receipt.position));
    Ok((token.map(|token| session::hand_over(app, &token)), to).into_response())
}

async fn page(app: &App, operator: &Operator, typed: &NewGrant, errors: &Errors) -> Result<Markup, Error> {
    let desk = Desk::open(app, operator, Seen::default()).await?;
    let content = html! {
        (ui::head("Grant a role", None, None, html! {}))
        (ui::columns(fields(typed, errors), ui::card("What this does", html! {
            ul {
                @for role in [PlatformRole::Superadmin, PlatformRole::Auditor] {
                    li { "A " strong { (role.as_str()) } " " (may(role)) "." }
                }
            }
            p { "It holds from the person's next request on, until it is revoked. Whoever has no password yet gets a link to choose one, which is shown to you on the next page." }
        })))
    };
    let crumbs = [("Superadmins", paths::ADMIN_SUPERADMINS.to_owned())];
    Ok(desk.page(Section::Superadmins, "Grant a role", &crumbs, content))
}

fn fields(typed: &NewGrant, errors: &Errors) -> Markup {
    let roles = [PlatformRole::Superadmin, PlatformRole::Auditor].map(|role| (role.as_str(), role.as_str()));
    html! {
        form.form method="post" data-once {
            (errors.summary())
            (ui::envelope(&typed.command_id.to_string(), None))
            (Field::new("email", "E-mail address").kind(Kind::Email).value(&typed.email).error(errors.of("email")).max(254)
                .help("With an account or without: it is made where there is none."))
            (ui::select("role", "Role", &roles, &typed.role, errors.of("role")))
            (Field::new("reason", "Reason").kind(Kind::Area).value(&typed.reason).error(errors.of("reason")).max(500)
                .help("10 to 500 characters. It stays in the history for ever: no personal data."))
            (ui::form_actions(ui::submit("Grant role"), Some(paths::ADMIN_SUPERADMINS)))
        }
    }
}
