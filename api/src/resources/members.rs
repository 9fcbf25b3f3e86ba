//! The members of an organisation: their list, another role, their removal, their own departure.

pub mod change;
pub mod departure;
mod desk;
pub mod list;

use crate::access::RouteRequirement::{Manager, Member, Platform, Superadmin};
use crate::access::routes::Routes;
use crate::web::paths;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::ADMIN_ORG_MEMBERS, Platform, list::console)
        .get(paths::ADMIN_ORG_MEMBER, Superadmin, change::console::form)
        .post(paths::ADMIN_ORG_MEMBER, Superadmin, change::console::submit)
        .get(paths::ORG_PEOPLE, Member, list::tenant)
        .get(paths::ORG_MEMBER, Manager, change::own::form)
        .post(paths::ORG_MEMBER, Manager, change::own::submit)
        .get(paths::ORG_DEPARTURE, Member, departure::form)
        .post(paths::ORG_DEPARTURE, Member, departure::submit)
}
