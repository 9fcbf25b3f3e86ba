//! The resources, by noun: a module for each, with its routes and what they require, and a file for each use case.
//!
//! **Invariant:** a handler parses, sends and redirects. What may be done is decided by the domain, and by whom by the bus.

pub mod account;
pub mod checkpoints;
pub mod grants;
pub mod history;
pub mod home;
pub mod invitations;
pub mod members;
pub mod operator_access;
pub mod orgs;
pub mod read_models;
pub mod resource_types;
pub mod roles;
pub mod sign_in;

use crate::access::routes::Routes;

/// Adds the routes of all resources.
pub fn routes(mut routes: Routes) -> Routes {
    let rooms = [
        account::routes,
        checkpoints::routes,
        grants::routes,
        history::routes,
        home::routes,
        invitations::routes,
        members::routes,
        operator_access::routes,
        orgs::routes,
        read_models::routes,
        resource_types::routes,
        roles::routes,
        sign_in::routes,
    ];
    for room in rooms {
        routes = room(routes);
    }
    routes
}
