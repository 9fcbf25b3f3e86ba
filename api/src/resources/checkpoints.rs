//! Proofs of the history: signed checkpoints, and the evidence of single events.

pub mod evidence;
pub mod files;
pub mod outside;
pub mod proof;

use crate::access::RouteRequirement::Platform;
use crate::access::routes::Routes;
use crate::web::paths;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::ADMIN_HISTORY_PROOF, Platform, proof::show)
        .get(paths::ADMIN_HISTORY_PROOF_KEY, Platform, files::key)
        .get(paths::ADMIN_HISTORY_PROOF_CHECKPOINT, Platform, files::checkpoint)
        .get(paths::ADMIN_HISTORY_PROOF_CHECKPOINTS, Platform, files::checkpoints)
        .get(paths::ADMIN_EVIDENCE, Platform, evidence::send)
}
