//! `/org/{slug}/roles/new`: creates a role of the organisation's own, perhaps as a copy of another one.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Org;
use domain::org::{OrgError, Role, RoleCommand};
use domain::resource_type::Actions;
use domain::values::{OrgId, ResourceCode, RoleName};
use maud::{Markup, html};
use projections::permissions::Matrix;
use projections::resource_types::OrgResourceType;
use serde::Deserialize;
use uuid::Uuid;

use crate::access::Member;
use crate::app::App;
use crate::bus::{Envelope, Principal, SendError};
use crate::clock;
use crate::identity::client::Client;
use crate::layout::form::{Errors, again};
use crate::layout::tenant::{AfterOwnCommand, page_after};
use crate::ui::{self, Field};
use crate::web::error::Error;
use crate::web::extract::Form;
use crate::web::paths;

#[derive(Deserialize, Clone, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct RoleForm {
    command_id: Uuid,
    #[serde(default)]
    name: String,
    /// The role whose permissions are copied; empty for a role that may do nothing yet.
    #[serde(default)]
    like: String,
}

pub async fn form(State(app): State<App>, member: Member) -> Result<Markup, Error> {
    let typed = RoleForm { command_id: clock::new_id(), ..RoleForm::default() };
    page(&app, &member, &typed, &Errors::default()).await
}

pub async fn submit(
    State(app): State<App>,
    member: Member,
    client: Client,
    Form(typed): Form<RoleForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::default();
    let matrix = Matrix::of(&app.db, &member.scope(), member.membership.org_id).await?;
    let role = errors.parse::<RoleName>("name", &typed.name);
    let like = like(&matrix, &typed.like);
    if like.is_none() {
        errors.add("like", "this role is not there any more; choose another");
    }
    let (Some(role), Some(permissions)) = (role, like) else {
        return Ok(again(page(&app, &member, &typed, &errors).await?));
    };
    let envelope = Envelope { command_id: typed.command_id, address: client.address, ..Envelope::new() };
    let (principal, org) = (Principal::from(&member.identity), OrgId(member.membership.org_id));
    match app.bus.send::<Org>(&principal, org, RoleCommand::AddRole { role, permissions }, envelope).await {
        Ok(receipt) => {
            let to = paths::seen(&paths::roles(&member.membership.slug), receipt.sequence);
            Ok(Redirect::to(&to).into_response())
        }
        Err(SendError::Rule(exists @ OrgError::RoleExists)) => {
            let page = page(&app, &member, &typed, &Errors::one("name", exists)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// The permissions that a role has now; none where there is no such role.
fn like(matrix: &Matrix, chosen: &str) -> Option<BTreeMap<ResourceCode, Actions>> {
    if chosen.is_empty() {
        return Some(BTreeMap::new());
    }
    let role: Role = matrix.roles.iter().find(|it| it.role == chosen)?.role();
    let of_type =
        |held: &OrgResourceType| Some((held.code.parse().ok()?, Actions::of(matrix.allowed(&role, held))?));
    Some(matrix.types.iter().filter_map(of_type).collect())
}

async fn page(app: &App, member: &Member, typed: &RoleForm, errors: &Errors) -> Result<Markup, Error> {
    let matrix = Matrix::of(&app.db, &member.scope(), member.membership.org_id).await?;
    let roles = matrix.roles.iter().map(|it| (it.role.as_str(), it.role.as_str()));
    let options: Vec<(&str, &str)> = [("", "Nothing yet")].into_iter().chain(roles).collect();
    let slug = &member.membership.slug;
    let content = html! {
        (ui::head("Add a role", None, Some(html! { "People are invited with this role, and its name can't be changed." }), html! {}))
        form.form method="post" data-once {
            (errors.summary())
            (ui::envelope(&typed.command_id.to_string(), None))
            (Field::new("name", "Name").value(&typed.name).error(errors.of("name")).max(40).focused()
                .help("2 to 40 characters, kept in lower case: “billing clerk”."))
            (ui::select("like", "It may do the same as", &options, &typed.like, errors.of("like")))
            (ui::form_actions(ui::submit("Add the role"), Some(&paths::roles(slug))))
        }
    };
    page_after(app, member, AfterOwnCommand::default(), "Add a role", content).await
}
