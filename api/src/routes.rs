//! The whole product as routers: every room's routes, and those that belong to none.
//!
//! **Invariant:** a portal's routes stand in [`Routes`], each with what it requires.

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::{Router, routing};
use projections::seal::add_checkpoint::ADD_CHECKPOINT;

use crate::access::RouteRequirement::Anyone;
use crate::access::routes::{RouteEntry, Routes};
use crate::app::App;
use crate::server::{Edge, Limits, layers};
use crate::web::paths;
use crate::witness::{self, WitnessServer};
use crate::{assets, health, reply, resources};

/// The whole product.
pub fn app(app: &App, limits: &Limits, edge: &Edge) -> Router {
    router(table(app), app, limits, edge)
}

/// What machines ask, on a listener of its own. Whoever reaches that listener is shown metrics as well.
pub fn health(app: &App, limits: &Limits) -> Router {
    let routes = Routes::new(app)
        .get(paths::LIVEZ, Anyone, health::livez)
        .get(paths::READYZ, Anyone, health::readyz)
        .get(paths::METRICS, Anyone, health::metrics);
    router(routes, app, limits, &Edge::default())
}

fn router(routes: Routes, app: &App, limits: &Limits, edge: &Edge) -> Router {
    let all = routes.done().0.layer(from_fn_with_state(app.clone(), reply::show_instead));
    layers(all.with_state(app.clone()), limits, edge, reply::render)
}

/// The routes of a witness, which is no portal: nobody signs in there, and nothing is secret.
#[expect(clippy::disallowed_methods, reason = "a witness has no gate")]
pub fn witness(witness: WitnessServer, limits: &Limits) -> Router {
    let router = Router::new()
        .route("/", routing::get(witness::about))
        .route(ADD_CHECKPOINT, routing::post(witness::add_checkpoint))
        .route("/{log}/checkpoint", routing::get(witness::latest))
        .with_state(Arc::new(witness));
    layers(router, &Limits { max_body: witness::LONGEST, ..limits.clone() }, &Edge::default(), reply::render)
}

/// The table of routes, for tests that compare it with the running program.
pub fn entries(app: &App) -> Vec<RouteEntry> {
    table(app).done().1
}

fn table(app: &App) -> Routes {
    resources::routes(Routes::new(app))
        .get(paths::LIVEZ, Anyone, health::livez)
        .get(paths::READYZ, Anyone, health::readyz)
        .get(paths::METRICS, Anyone, health::metrics_of_this_machine)
        .get("/assets/portal.css", Anyone, assets::stylesheet)
        .get("/assets/portal.js", Anyone, assets::script)
        .get("/favicon.svg", Anyone, assets::favicon)
        .get("/robots.txt", Anyone, assets::robots)
}
