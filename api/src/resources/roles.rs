//! The roles of an organisation, and what each may do with which resource types.

pub mod create;
pub mod matrix;
pub mod permissions;

use crate::access::RouteRequirement::{Manager, Member};
use crate::access::routes::Routes;
use crate::web::paths;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::ORG_ROLES, Member, matrix::show)
        .post(paths::ORG_ROLES, Manager, matrix::submit)
        .get(paths::ORG_ROLES_NEW, Manager, create::form)
        .post(paths::ORG_ROLES_NEW, Manager, create::submit)
        .post(paths::ORG_ROLES_REMOVAL, Manager, matrix::remove)
        .get(paths::API_ORG_PERMISSIONS, Member, permissions::show)
}
