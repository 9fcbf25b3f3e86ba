//! `/org/{slug}/departure`: leaving an organisation, by one's own decision.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Org;
use domain::org::{MemberCommand, OrgError};
use domain::values::{OrgId, PersonId};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use crate::access::Member;
use crate::app::App;
use crate::bus::{Envelope, Principal, SendError};
use crate::clock;
use crate::identity::client::Client;
use crate::layout::form::Errors;
use crate::layout::tenant::page;
use crate::ui;
use crate::web::error::Error;
use crate::web::extract::Form;
use crate::web::paths;

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct DepartureForm {
    command_id: Uuid,
}

pub async fn form(State(app): State<App>, member: Member) -> Result<Markup, Error> {
    page(&app, &member, "Leave", content(&member, clock::new_id(), &Errors::default())).await
}

pub async fn submit(
    State(app): State<App>,
    member: Member,
    client: Client,
    Form(DepartureForm { command_id }): Form<DepartureForm>,
) -> Result<Response, Error> {
    let envelope = Envelope { command_id, address: client.address, ..Envelope::new() };
    let (principal, org) = (Principal::from(&member.identity), OrgId(member.membership.org_id));
    let command = MemberCommand::Leave { person: PersonId(member.membership.person_id) };
    match app.bus.send::<Org>(&principal, org, command, envelope).await {
        Ok(_) => Ok(Redirect::to(paths::ROOT).into_response()),
        Err(SendError::Rule(last @ OrgError::LastOwner)) => {
            let content = content(&member, clock::new_id(), &Errors::one("", last));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, &member, "Leave", content).await?)
                .into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn content(member: &Member, command_id: Uuid, errors: &Errors) -> Markup {
    let title = format!("Leave {}", member.membership.name);
    html! {
        (ui::head(&title, None, None, html! {}))
        p.prose { "From your next request on, you can't open this organisation any more. What you did here stays. To come back, somebody has to invite you again." }
        form.form method="post" data-once {
            (errors.summary())
            (ui::envelope(&command_id.to_string(), None))
            (ui::form_actions(ui::submit_danger(&title), Some(&paths::people(&member.membership.slug))))
        }
    }
}
