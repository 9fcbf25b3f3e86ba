//! Platform roles: who may see and change all organisations.

pub mod as_of;
pub mod decide;
pub mod facts;
pub mod give;
pub mod list;
pub mod past;
pub mod revoke;
pub mod tables;
pub mod term;

use crate::access::RouteRequirement::{Platform, Superadmin};
use crate::access::routes::Routes;
use crate::web::paths;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::ADMIN_SUPERADMINS, Platform, list::show)
        .get(paths::ADMIN_SUPERADMINS_NEW, Superadmin, give::form)
        .post(paths::ADMIN_SUPERADMINS_NEW, Superadmin, give::submit)
        .get(paths::ADMIN_GRANT_REQUEST, Superadmin, decide::form)
        .post(paths::ADMIN_GRANT_REQUEST, Superadmin, decide::submit)
        .get(paths::ADMIN_REVOCATION, Superadmin, revoke::form)
        .post(paths::ADMIN_REVOCATION, Superadmin, revoke::submit)
}
