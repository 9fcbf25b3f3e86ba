//! `/admin/orgs/{id}/invitations/{invitation}/…`: a new link for an open invitation, or none any more.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Org;
use domain::org::InvitationCommand;
use domain::values::{InvitationId, OrgId, PersonId};
use projections::memberships;
use uuid::Uuid;

use crate::access::{Operator, Write};
use crate::app::App;
use crate::clock;
use crate::identity::{links, session};
use crate::web::error::Error;
use crate::web::extract::{Nothing, Path};
use crate::web::paths;

pub async fn renew(
    State(app): State<App>,
    operator: Operator,
    Path((id, invitation)): Path<(Uuid, Uuid)>,
    write: Write<Nothing>,
) -> Result<Response, Error> {
    let person = person_of(&app, id, invitation).await?;
    let (org, invitation) = (OrgId(id), InvitationId(invitation));
    let expires_at = clock::after(chrono::Duration::days(links::INVITATION_DAYS)).into();
    let command = InvitationCommand::RenewInvitation { invitation, expires_at };
    let receipt = app.bus.send::<Org>(&operator.principal(), org, command, write.envelope()).await?;
    let token = links::invitation_again(&app, org, invitation, person).await?;
    let to = paths::seen(&paths::org_members(id), receipt.seen());
    Ok((session::hand_over(&app, &token), Redirect::to(&to)).into_response())
}

pub async fn withdraw(
    State(app): State<App>,
    operator: Operator,
    Path((id, invitation)): Path<(Uuid, Uuid)>,
    write: Write<Nothing>,
) -> Result<Redirect, Error> {
    person_of(&app, id, invitation).await?;
    let command = InvitationCommand::WithdrawInvitation { invitation: InvitationId(invitation) };
    let receipt = app.bus.send::<Org>(&operator.principal(), OrgId(id), command, write.envelope()).await?;
    Ok(Redirect::to(&paths::seen(&paths::org_members(id), receipt.seen())))
}

/// The person that an invitation of this organisation is for. An invitation of another organisation is not found.
async fn person_of(app: &App, org: Uuid, invitation: Uuid) -> Result<PersonId, Error> {
    let found = memberships::invitation(&app.db, invitation).await?;
    found.filter(|found| found.org_id == org).map(|found| PersonId(found.person_id)).ok_or(Error::NotFound)
}
