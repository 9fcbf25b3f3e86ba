//! Invitations: passed on, withdrawn, answered.

pub mod join;
pub mod manage;

use crate::access::RouteRequirement::{Anyone, Superadmin};
use crate::access::routes::Routes;
use crate::web::paths;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::INVITATION, Anyone, join::form)
        .post(paths::INVITATION, Anyone, join::submit)
        .post(paths::ADMIN_ORG_LINK, Superadmin, manage::renew)
        .post(paths::ADMIN_ORG_WITHDRAWAL, Superadmin, manage::withdraw)
}
