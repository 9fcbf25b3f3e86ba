//! `/api/v1/orgs/{slug}/permissions`: what somebody may do with the kinds of things that their organisation has.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::org::Role;
use domain::resource_type::Action;
use domain::values::Email;
use projections::memberships::{self, MemberRole};
use projections::permissions::Matrix;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::Member;
use crate::app::App;
use crate::layout::api::{Organisation, Tag};
use crate::web::error::Error;
use crate::web::extract::Query;

#[derive(Debug, Deserialize)]
pub struct PermissionsQuery {
    /// The person's id or address; empty for oneself.
    #[serde(default)]
    user: String,
}

#[derive(Debug, Serialize)]
struct PermissionsAnswer {
    organisation: Organisation,
    user: User,
    role: String,
    /// The permitted actions by resource type. Types without any permitted action are listed too.
    permissions: BTreeMap<String, BTreeSet<Action>>,
}

#[derive(Debug, Serialize)]
struct User {
    id: Uuid,
}

/// `GET /api/v1/orgs/{slug}/permissions`
pub async fn show(
    State(app): State<App>,
    member: Member,
    Query(PermissionsQuery { user }): Query<PermissionsQuery>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let (tag, organisation) = Tag::read(&app, &member).await?;
    let user = whom(&app, &member, user.trim()).await?;
    let tag = tag.about(user.person_id);
    if tag.is_known(&headers) {
        return Ok(tag.unchanged());
    }
    let matrix = Matrix::of(&app.db, &member.scope(), organisation.id).await?;
    let role = Role::stored(&user.role);
    let permissions = matrix.types.iter().map(|held| (held.code.clone(), matrix.allowed(&role, held)));
    let permissions = permissions.collect();
    Ok(tag.answer(PermissionsAnswer {
        organisation,
        user: User { id: user.person_id },
        role: user.role,
        permissions,
    }))
}

/// Finds the person that is asked about. Everybody may ask about themselves. Somebody who may not ask about others isn't
/// told either if those people are here.
async fn whom(app: &App, member: &Member, user: &str) -> Result<MemberRole, Error> {
    let (scope, membership) = (member.scope(), &member.membership);
    let oneself = membership.person_id;
    let id = if user.is_empty() { Some(oneself) } else { user.parse().ok() };
    let found = match (id, user.parse::<Email>()) {
        (Some(id), _) => memberships::standing(&app.db, &scope, membership.org_id, id).await?,
        (None, Ok(email)) => memberships::standing_of(&app.db, &scope, membership.org_id, &email).await?,
        (None, Err(_)) => None,
    };
    match found {
        Some(found) if found.person_id == oneself || member.manages() => Ok(found),
        _ if !member.manages() => {
            Err(Error::Forbidden("Only owners and admins may ask what others may do here.".to_owned()))
        }
        _ => {
            Err(Error::NoSuch(format!("Nobody with this id or address is a member of {}.", membership.name)))
        }
    }
}
