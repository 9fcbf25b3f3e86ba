//! `/api/v1/orgs/{slug}/resource-types`: which kinds of things an organisation has, and why.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::resource_type::Action;
use projections::resource_types::{self, OrgResourceType};
use serde::Serialize;

use crate::access::Member;
use crate::app::App;
use crate::layout::api::{Organisation, Tag};
use crate::web::error::Error;

#[derive(Debug, Serialize)]
struct ResourceTypes {
    organisation: Organisation,
    /// The resource types that the organisation has, sorted by code.
    resource_types: Vec<EnabledResourceType>,
}

#[derive(Debug, Serialize)]
struct EnabledResourceType {
    code: String,
    label: String,
    description: String,
    actions: Vec<Action>,
    /// `policy` if it has the type by the type's policy, `choice` if it chose the type itself.
    because: &'static str,
}

/// `GET /api/v1/orgs/{slug}/resource-types`
pub async fn show(State(app): State<App>, member: Member, headers: HeaderMap) -> Result<Response, Error> {
    let (tag, organisation) = Tag::read(&app, &member).await?;
    if tag.is_known(&headers) {
        return Ok(tag.unchanged());
    }
    let types = resource_types::of_org(&app.db, &member.scope(), organisation.id).await?;
    let resource_types =
        types.into_iter().filter(OrgResourceType::is_enabled).map(EnabledResourceType::from).collect();
    Ok(tag.answer(ResourceTypes { organisation, resource_types }))
}

impl From<OrgResourceType> for EnabledResourceType {
    fn from(held: OrgResourceType) -> Self {
        Self {
            because: held.because(),
            actions: held.verbs().collect(),
            code: held.code,
            label: held.label,
            description: held.description,
        }
    }
}
