//! Reference data: the resource types of the product, and which organisations have them.

pub mod api;
pub mod as_of;
pub mod change;
pub mod change_kind;
pub mod choices;
pub mod compare;
pub mod define;
pub mod definition;
pub mod detail;
pub mod facts;
pub mod list;

use crate::access::RouteRequirement::{Member, Platform, Superadmin};
use crate::access::routes::Routes;
use crate::web::paths;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::ADMIN_REFERENCE, Platform, list::show)
        .get(paths::ADMIN_REFERENCE_NEW, Superadmin, define::form)
        .post(paths::ADMIN_REFERENCE_NEW, Superadmin, define::submit)
        .get(paths::ADMIN_REFERENCE_COMPARE, Platform, compare::show)
        .get(paths::ADMIN_RESOURCE_TYPE, Platform, detail::show)
        .get(paths::ADMIN_RESOURCE_CHANGE, Superadmin, change::form)
        .post(paths::ADMIN_RESOURCE_CHANGE, Superadmin, change::submit)
        .get(paths::ADMIN_ORG_TYPES, Platform, choices::show)
        .post(paths::ADMIN_ORG_CHOICE, Superadmin, choices::choose)
        .get(paths::API_ORG_TYPES, Member, api::show)
}
