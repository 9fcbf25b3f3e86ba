//! Every URL of the product, what it needs of whoever asks, and who answers.
//!
//! **Invariant:** there is no other way to add a route than `Routes`, below, and it doesn't take one without its need
//! (clippy refuses `axum::Router::route` everywhere else).

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{self, MethodRouter};

use projections::seal::add_checkpoint::ADD_CHECKPOINT;

use crate::access::{RouteRequirement, gate};
use crate::app::App;
use crate::identity::links;
use crate::pages::admin::{
    self, access as operator_access, actions, bulk, history, invitations, list, new, org, org_types,
    reference, superadmins,
};
use crate::pages::{self, account, choose_password, demo, invitation, login, organisations, setup, tenant};
use crate::server::{Edge, Limits, layers};
use crate::web::paths;
use crate::witness::{self, Witness};
use crate::{assets, health, json, reply};

/// The whole product.
pub fn app(app: &App, limits: &Limits, edge: &Edge) -> Router {
    layers(table(Routes::new(app)).router.with_state(app.clone()), limits, edge, reply::render)
}

/// What machines ask, for a listener of its own: whoever reaches it is shown metrics as well.
pub fn health(app: &App, limits: &Limits) -> Router {
    let routes = Routes::new(app)
        .get(paths::LIVEZ, RouteRequirement::Anyone, health::livez)
        .get(paths::READYZ, RouteRequirement::Anyone, health::readyz)
        .get(paths::METRICS, RouteRequirement::Anyone, health::metrics);
    layers(routes.router.with_state(app.clone()), limits, &Edge::default(), reply::render)
}

/// What a witness answers, which is no portal: nobody signs in there, and nothing is kept from anybody.
#[expect(clippy::disallowed_methods, reason = "this is the one place where routes are added")]
pub fn witness(witness: Witness, limits: &Limits) -> Router {
    let router = Router::new()
        .route("/", routing::get(witness::about))
        .route(ADD_CHECKPOINT, routing::post(witness::add_checkpoint))
        .route("/{log}/checkpoint", routing::get(witness::latest))
        .with_state(Arc::new(witness));
    layers(router, &Limits { max_body: witness::LONGEST, ..limits.clone() }, &Edge::default(), reply::render)
}

/// The table as it is, for whoever checks it against the running program.
pub fn entries(app: &App) -> Vec<Entry> {
    table(Routes::new(app)).entries
}

fn table(routes: Routes) -> Routes {
    use RouteRequirement::{Anyone, Manager, Member, Platform, SignedIn, Superadmin};
    demonstration(what_happened(way_in(routes)))
        .get(paths::SELECT, SignedIn, organisations::select)
        .post(paths::DEFAULT_ORG, SignedIn, organisations::set_default)
        .get(paths::ORG_ROOT, Member, tenant::root)
        .get(paths::DASHBOARD, Member, tenant::dashboard)
        .get(paths::ORG_PEOPLE, Member, tenant::people)
        .get(paths::ORG_ROLES, Member, tenant::roles::show)
        .post(paths::ORG_ROLES, Manager, tenant::roles::submit)
        .get(paths::ORG_ROLES_NEW, Manager, tenant::roles::new::form)
        .post(paths::ORG_ROLES_NEW, Manager, tenant::roles::new::submit)
        .post(paths::ORG_ROLES_REMOVAL, Manager, tenant::roles::remove)
        .get(paths::ORG_ACTIVITY, Member, tenant::activity)
        .get(paths::API_ORG_TYPES, Member, json::resource_types::show)
        .get(paths::API_ORG_PERMISSIONS, Member, json::permissions::show)
        .get(paths::ADMIN, Platform, admin::root)
        .get(paths::ADMIN_ORGS, Platform, list::show)
        .post(paths::ADMIN_ORGS, Superadmin, new::submit)
        .get(paths::ADMIN_ORGS_NEW, Superadmin, new::form)
        .get(paths::ADMIN_ORGS_SLUG, Superadmin, new::slug)
        .get(paths::ADMIN_ORGS_SUSPENSION, Superadmin, bulk::suspension)
        .post(paths::ADMIN_ORGS_SUSPENSION, Superadmin, bulk::suspend)
        .get(paths::ADMIN_ORGS_REINSTATEMENT, Superadmin, bulk::reinstatement)
        .post(paths::ADMIN_ORGS_REINSTATEMENT, Superadmin, bulk::reinstate)
        .get(paths::ADMIN_ORG, Platform, org::overview)
        .get(paths::ADMIN_ORG_MEMBERS, Platform, org::members)
        .get(paths::ADMIN_ORG_HISTORY, Platform, org::history)
        .get(paths::ADMIN_ORG_ACCESS, Platform, operator_access::show)
        .get(paths::ADMIN_ORG_TYPES, Platform, org_types::show)
        .post(paths::ADMIN_ORG_CHOICE, Superadmin, org_types::choose)
        .post(paths::ADMIN_ORG_REASON, Platform, operator_access::say_why)
        .get(paths::ADMIN_ORG_ACTION, Superadmin, actions::form)
        .post(paths::ADMIN_ORG_ACTION, Superadmin, actions::submit)
        .post(paths::ADMIN_ORG_LINK, Superadmin, invitations::renew)
        .post(paths::ADMIN_ORG_WITHDRAWAL, Superadmin, invitations::withdraw)
        .get(paths::ADMIN_REFERENCE, Platform, reference::show)
        .get(paths::ADMIN_REFERENCE_NEW, Superadmin, reference::new::form)
        .post(paths::ADMIN_REFERENCE_NEW, Superadmin, reference::new::submit)
        .get(paths::ADMIN_REFERENCE_COMPARE, Platform, reference::compare::show)
        .get(paths::ADMIN_RESOURCE_TYPE, Platform, reference::detail::show)
        .get(paths::ADMIN_RESOURCE_CHANGE, Superadmin, reference::change::form)
        .post(paths::ADMIN_RESOURCE_CHANGE, Superadmin, reference::change::submit)
        .get(paths::ADMIN_SUPERADMINS, Platform, superadmins::show)
        .get(paths::ADMIN_SUPERADMINS_NEW, Superadmin, superadmins::new::form)
        .post(paths::ADMIN_SUPERADMINS_NEW, Superadmin, superadmins::new::submit)
        .get(paths::ADMIN_GRANT_REQUEST, Superadmin, superadmins::decision::form)
        .post(paths::ADMIN_GRANT_REQUEST, Superadmin, superadmins::decision::submit)
        .get(paths::ADMIN_REVOCATION, Superadmin, superadmins::revocation::form)
        .post(paths::ADMIN_REVOCATION, Superadmin, superadmins::revocation::submit)
        .any_under(paths::ADMIN_SLASH, Platform, pages::nothing_here)
        .any_under(paths::ADMIN_REST, Platform, pages::nothing_here)
        .get(paths::LIVEZ, Anyone, health::livez)
        .get(paths::READYZ, Anyone, health::readyz)
        .get(paths::METRICS, Anyone, health::metrics_of_this_machine)
        .get("/assets/portal.css", Anyone, assets::stylesheet)
        .get("/assets/portal.js", Anyone, assets::script)
        .get("/favicon.svg", Anyone, assets::favicon)
        .get("/robots.txt", Anyone, assets::robots)
}

/// The history: found, looked at, taken along, undone.
fn what_happened(routes: Routes) -> Routes {
    use RouteRequirement::{Platform, Superadmin};
    routes
        .get(paths::ADMIN_HISTORY, Platform, history::show)
        .get(paths::ADMIN_HISTORY_REFUSED, Platform, history::refused::show)
        .get(paths::ADMIN_HISTORY_SIGN_INS, Platform, history::sign_ins::show)
        .get(paths::ADMIN_HISTORY_EXPORT, Platform, history::export::send)
        .get(paths::ADMIN_HISTORY_EXPORTS, Platform, history::exports::show)
        .get(paths::ADMIN_HISTORY_TAIL, Platform, history::tail::follow)
        .post(paths::ADMIN_HISTORY_SEARCHES, Platform, history::searches::save)
        .post(paths::ADMIN_HISTORY_SEARCHES_REMOVAL, Platform, history::searches::remove)
        .get(paths::ADMIN_BULK, Platform, bulk::done::show)
        .get(paths::ADMIN_BULK_REVERT, Superadmin, bulk::revert::form)
        .post(paths::ADMIN_BULK_REVERT, Superadmin, bulk::revert::submit)
        .get(paths::ADMIN_HISTORY_READ_MODELS, Platform, history::read_models::show)
        .post(paths::ADMIN_HISTORY_VERIFICATION, Platform, history::read_models::verify)
        .post(paths::ADMIN_HISTORY_REBUILD, Superadmin, history::read_models::rebuild)
        .get(paths::ADMIN_HISTORY_PROOF, Platform, history::proof::show)
        .get(paths::ADMIN_HISTORY_PROOF_KEY, Platform, history::proof::files::key)
        .get(paths::ADMIN_HISTORY_PROOF_CHECKPOINT, Platform, history::proof::files::checkpoint)
        .get(paths::ADMIN_HISTORY_PROOF_CHECKPOINTS, Platform, history::proof::files::checkpoints)
        .get(paths::ADMIN_EVENT, Platform, history::event::show)
        .get(paths::ADMIN_EVIDENCE, Platform, history::evidence::send)
        .get(paths::ADMIN_REVERT, Superadmin, admin::revert::form)
        .post(paths::ADMIN_REVERT, Superadmin, admin::revert::submit)
}

/// Who somebody is, and how they prove it.
fn way_in(routes: Routes) -> Routes {
    use RouteRequirement::{Anyone, SignedIn};
    routes
        .get(paths::ROOT, Anyone, pages::root)
        .get(paths::LOGIN, Anyone, login::form)
        .post(paths::LOGIN, Anyone, login::submit)
        .get(paths::LOGIN_CODE, Anyone, login::code::form)
        .post(paths::LOGIN_CODE, Anyone, login::code::submit)
        .post(paths::LOGIN_PASSKEY, Anyone, login::passkey::submit)
        .post(paths::LOGIN_PASSKEY_QUESTION, Anyone, login::passkey::question)
        .post(paths::LOGOUT, Anyone, login::logout)
        .get(paths::SETUP, Anyone, setup::form)
        .post(paths::SETUP, Anyone, setup::submit)
        .get(paths::CHOOSE_PASSWORD, Anyone, choose_password::form)
        .post(paths::CHOOSE_PASSWORD, Anyone, choose_password::submit)
        .get(paths::INVITATION, Anyone, invitation::form)
        .post(paths::INVITATION, Anyone, invitation::submit)
        .get(paths::ACCOUNT, SignedIn, account::show)
        .post(paths::ACCOUNT_NAME, SignedIn, account::rename)
        .post(paths::ACCOUNT_PASSWORD, SignedIn, account::change_password)
        .post(paths::ACCOUNT_SESSIONS, SignedIn, account::end_sessions)
        .get(paths::ACCOUNT_ACTIVITY, SignedIn, account::activity::show)
        .post(paths::ACCOUNT_CONFIRMATION, SignedIn, pages::sudo::confirmed)
        .get(paths::SECOND_FACTOR, SignedIn, account::second_factor::show)
        .post(paths::SECOND_FACTOR, SignedIn, account::second_factor::confirm)
        .post(paths::SECOND_FACTOR_SECRET, SignedIn, account::second_factor::begin)
        .post(paths::SECOND_FACTOR_CODES, SignedIn, account::second_factor::renew_codes)
        .post(paths::SECOND_FACTOR_SHOWN, SignedIn, account::second_factor::shown)
        .post(paths::SECOND_FACTOR_REMOVAL, SignedIn, account::second_factor::remove)
        .post(paths::PASSKEYS, SignedIn, account::passkeys::add)
        .post(paths::PASSKEYS_QUESTION, SignedIn, account::passkeys::question)
        .post(paths::PASSKEYS_PROOF, SignedIn, account::passkeys::proof)
        .post(paths::PASSKEYS_REMOVAL, SignedIn, account::passkeys::remove)
}

/// Links that sign in whoever has them, where there is nothing to be lost.
fn demonstration(routes: Routes) -> Routes {
    if !routes.app.demonstration {
        return routes;
    }
    let routes = routes.get(paths::SIGN_IN_LINK, RouteRequirement::Anyone, demo::form);
    routes.post(paths::SIGN_IN_LINK, RouteRequirement::Anyone, demo::submit)
}

/// A table of routes in the making, each behind the gate.
struct Routes {
    app: App,
    router: Router<App>,
    entries: Vec<Entry>,
}

/// A line of the table: how a route is asked for, and what it needs of whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `GET`, `POST`, or `ANY` for all there are.
    pub method: &'static str,
    pub path: &'static str,
    pub need: RouteRequirement,
}

impl Routes {
    fn new(app: &App) -> Self {
        Self { app: app.clone(), router: Router::new(), entries: Vec::new() }
    }

    fn get<T: 'static>(
        self,
        path: &'static str,
        need: RouteRequirement,
        handler: impl Handler<T, App>,
    ) -> Self {
        self.add(Entry { method: "GET", path, need }, routing::get(handler))
    }

    fn post<T: 'static>(
        self,
        path: &'static str,
        need: RouteRequirement,
        handler: impl Handler<T, App>,
    ) -> Self {
        self.add(Entry { method: "POST", path, need }, routing::post(handler))
    }

    /// Whatever is asked for under a path that nothing else answers.
    fn any_under<T: 'static>(
        self,
        path: &'static str,
        need: RouteRequirement,
        handler: impl Handler<T, App>,
    ) -> Self {
        self.add(Entry { method: "ANY", path, need }, routing::any(handler))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place where routes are added")]
    fn add(mut self, entry: Entry, mut handler: MethodRouter<App>) -> Self {
        if entry.path.contains("{token}") {
            handler = handler.layer(from_fn_with_state(self.app.clone(), links::slowed));
        }
        let gated = handler.layer(from_fn_with_state((self.app.clone(), entry.need), gate));
        let gated = gated.layer(from_fn_with_state(self.app.clone(), reply::show_instead));
        self.entries.push(entry);
        Self { router: self.router.route(entry.path, gated), ..self }
    }
}
