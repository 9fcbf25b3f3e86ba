//! The page where somebody's work begins.

use projections::memberships;
use projections::org_list::ACTIVE;

use super::session::Identity;
use crate::app::App;
use crate::web::error::Error;
use crate::web::paths;

/// Leads to the default organisation, or the only one, or the picker. An operator who belongs to none goes to the console.
pub async fn path(app: &App, identity: &Identity) -> Result<String, Error> {
    let memberships = memberships::of_person(&app.db, identity.session.person_id, "", 2).await?;
    let default = match identity.session.default_org_id {
        Some(org_id) => memberships::of_person_in(&app.db, identity.session.person_id, org_id).await?,
        None => None,
    };
    Ok(match (default.filter(|membership| membership.status == ACTIVE), memberships.as_slice()) {
        (Some(membership), _) => paths::dashboard(&membership.slug),
        (None, [only]) => paths::dashboard(&only.slug),
        (None, []) if identity.grant.is_some() || identity.withheld => paths::ADMIN_ORGS.to_owned(),
        (None, _) => paths::SELECT.to_owned(),
    })
}
