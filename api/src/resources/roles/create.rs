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

use crate::access::{Member, Write};
use crate::app::App;
use crate::bus::SendError;
use crate::layout::form::{Errors, again};
use crate::layout::tenant::{AfterOwnCommand, page_after};
use crate::ui::{self, Field};
use crate::web::error::Error;
use crate::web::paths;

#[derive(Deserialize, Clone, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct RoleForm {
    #[serde(default)]
    name: String,
    /// The role whose permissions are copied; empty for a role that may do nothing yet.
    #[serde(default)]
    like: String,
}

pub async fn form(State(app): State<App>, member: Member) -> Result<Markup, Error> {
    page(&app, &member, &Write::new(RoleForm::default(), None), &Errors::default()).await
}

pub async fn submit(
    State(app): State<App>,
    member: Member,
    write: Write<RoleForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::default();
    let matrix = Matrix::of(&app.db, &member.scope(), member.membership.org_id).await?;
    let role = errors.parse::<RoleName>("name", &write.input.name);
    let like = like(&matrix, &write.input.like);
    if like.is_none() {
        errors.add("like", "this role is not there any more; choose another");
    }
    let (Some(role), Some(permissions)) = (role, like) else {
        return Ok(again(page(&app, &member, &write, &errors).await?));
    };
    let (org, command) = (OrgId(member.membership.org_id), RoleCommand::AddRole { role, permissions });
    match app.bus.send::<Org>(&member.principal(), org, command, write.envelope()).await {
        Ok(receipt) => {
            let to = paths::seen(&paths::roles(&member.membership.slug), receipt.sequence);
            Ok(Redirect::to(&to).into_response())
        }
        Err(SendError::Rule(exists @ OrgError::RoleExists)) => {
            let page = page(&app, &member, &write, &Errors::one("name", exists)).await?;
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

async fn page(app: &App, member: &Member, write: &Write<RoleForm>, errors: &Errors) -> Result<Markup, Error> {
    let typed = &write.input;
    let matrix = Matrix::of(&app.db, &member.scope(), member.membership.org_id).await?;
    let roles = matrix.roles.iter().map(|it| (it.role.as_str(), it.role.as_str()));
    let options: Vec<(&str, &str)> = [("", "Nothing yet")].into_iter().chain(roles).collect();
    let slug = &member.membership.slug;
    let content = html! {
        (ui::head("Add a role", None, Some(html! { "People are invited with this role, and its name can't be changed." }), html! {}))
        form.form method="post" data-once {
            (errors.summary())
            (write.hidden())
            (Field::new("name", "Name").value(&typed.name).error(errors.of("name")).max(40).focused()
                .help("2 to 40 characters, kept in lower case: “billing clerk”."))
            (ui::select("like", "It may do the same as", &options, &typed.like, errors.of("like")))
            (ui::form_actions(ui::submit("Add the role"), Some(&paths::roles(slug))))
        }
    };
    page_after(app, member, AfterOwnCommand::default(), "Add a role", content).await
}
