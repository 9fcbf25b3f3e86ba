//! Who belongs to an organisation.

pub mod list;

use crate::access::RouteRequirement::{Member, Platform};
use crate::access::routes::Routes;
use crate::web::paths;

pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::ADMIN_ORG_MEMBERS, Platform, list::console).get(paths::ORG_PEOPLE, Member, list::tenant)
}
