//! The table of routes under construction: each route with its requirement, behind the gate.
//!
//! **Invariant:** there is no other way to add a route, and none is added without its requirement (clippy refuses
//! `axum::Router::route` everywhere else).

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{self, MethodRouter};

use super::{RouteRequirement, gate};
use crate::app::App;
use crate::identity::links;

/// One route in the table: how it is asked for, and what it requires of the person who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteEntry {
    /// `GET` or `POST`, or `ANY` for every method.
    pub method: &'static str,
    pub path: &'static str,
    pub need: RouteRequirement,
}

/// A table of routes under construction. Each route stands behind the gate.
pub struct Routes {
    app: App,
    router: Router<App>,
    entries: Vec<RouteEntry>,
}

impl Routes {
    pub fn new(app: &App) -> Self {
        Self { app: app.clone(), router: Router::new(), entries: Vec::new() }
    }

    #[must_use]
    pub fn get<T: 'static>(
        self,
        path: &'static str,
        need: RouteRequirement,
        handler: impl Handler<T, App>,
    ) -> Self {
        self.add(RouteEntry { method: "GET", path, need }, routing::get(handler))
    }

    #[must_use]
    pub fn post<T: 'static>(
        self,
        path: &'static str,
        need: RouteRequirement,
        handler: impl Handler<T, App>,
    ) -> Self {
        self.add(RouteEntry { method: "POST", path, need }, routing::post(handler))
    }

    /// Answers every path under a prefix that no other route answers.
    #[must_use]
    pub fn any_under<T: 'static>(
        self,
        path: &'static str,
        need: RouteRequirement,
        handler: impl Handler<T, App>,
    ) -> Self {
        self.add(RouteEntry { method: "ANY", path, need }, routing::any(handler))
    }

    /// True for a demonstration, whose data is thrown away.
    pub fn is_demonstration(&self) -> bool {
        self.app.demonstration
    }

    /// The routes, and the table of them.
    pub fn done(self) -> (Router<App>, Vec<RouteEntry>) {
        (self.router, self.entries)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place where routes are added")]
    fn add(mut self, entry: RouteEntry, mut handler: MethodRouter<App>) -> Self {
        if entry.path.contains("{token}") {
            handler = handler.layer(from_fn_with_state(self.app.clone(), links::slowed));
        }
        let gated = handler.layer(from_fn_with_state((self.app.clone(), entry.need), gate));
        self.entries.push(entry);
        Self { router: self.router.route(entry.path, gated), ..self }
    }
}
