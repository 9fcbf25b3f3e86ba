//! Organisations: found, created, looked at, changed one by one and many at once; and where their members arrive.

pub mod action;
pub mod actions;
pub mod as_of;
pub mod bulk;
pub mod create;
pub mod dashboard;
pub mod detail;
pub mod list;
pub mod page;
pub mod select;

use crate::access::RouteRequirement::{Member, Platform, SignedIn, Superadmin};
use crate::access::routes::Routes;
use crate::web::paths;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::SELECT, SignedIn, select::select)
        .post(paths::DEFAULT_ORG, SignedIn, select::set_default)
        .get(paths::ORG_ROOT, Member, dashboard::root)
        .get(paths::DASHBOARD, Member, dashboard::dashboard)
        .get(paths::ADMIN_ORGS, Platform, list::show)
        .post(paths::ADMIN_ORGS, Superadmin, create::submit)
        .get(paths::ADMIN_ORGS_NEW, Superadmin, create::form)
        .get(paths::ADMIN_ORGS_SLUG, Superadmin, create::slug)
        .get(paths::ADMIN_ORGS_SUSPENSION, Superadmin, bulk::suspension)
        .post(paths::ADMIN_ORGS_SUSPENSION, Superadmin, bulk::suspend)
        .get(paths::ADMIN_ORGS_REINSTATEMENT, Superadmin, bulk::reinstatement)
        .post(paths::ADMIN_ORGS_REINSTATEMENT, Superadmin, bulk::reinstate)
        .get(paths::ADMIN_BULK, Platform, bulk::result::show)
        .get(paths::ADMIN_BULK_REVERT, Superadmin, bulk::revert::form)
        .post(paths::ADMIN_BULK_REVERT, Superadmin, bulk::revert::submit)
        .get(paths::ADMIN_ORG, Platform, detail::overview)
        .get(paths::ADMIN_ORG_ACTION, Superadmin, actions::form)
        .post(paths::ADMIN_ORG_ACTION, Superadmin, actions::submit)
}
