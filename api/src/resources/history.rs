//! The history: finding events, looking at them, exporting them, undoing them.

pub mod activity;
pub mod bar;
pub mod beside;
pub mod event;
pub mod export;
pub mod exports;
pub mod list;
pub mod of_org;
pub mod refused;
pub mod revert;
pub mod searches;
pub mod sign_ins;
pub mod tail;
pub mod view;
pub mod watched;

use crate::access::RouteRequirement::{Member, Platform, Superadmin};
use crate::access::routes::Routes;
use crate::web::paths;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::ADMIN_HISTORY, Platform, list::show)
        .get(paths::ADMIN_HISTORY_REFUSED, Platform, refused::show)
        .get(paths::ADMIN_HISTORY_SIGN_INS, Platform, sign_ins::show)
        .get(paths::ADMIN_HISTORY_EXPORT, Platform, export::send)
        .get(paths::ADMIN_HISTORY_EXPORTS, Platform, exports::show)
        .get(paths::ADMIN_HISTORY_TAIL, Platform, tail::follow)
        .post(paths::ADMIN_HISTORY_SEARCHES, Platform, searches::save)
        .post(paths::ADMIN_HISTORY_SEARCHES_REMOVAL, Platform, searches::remove)
        .get(paths::ADMIN_EVENT, Platform, event::show)
        .get(paths::ADMIN_REVERT, Superadmin, revert::form)
        .post(paths::ADMIN_REVERT, Superadmin, revert::submit)
        .get(paths::ADMIN_ORG_HISTORY, Platform, of_org::show)
        .get(paths::ORG_ACTIVITY, Member, activity::activity)
}
