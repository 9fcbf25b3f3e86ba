//! What the continuous audit has seen in this process.
//!
//! **Invariant:** whatever was found stays until a later turn or round finds it right.

use std::sync::{PoisonError, RwLock};

use projections::Timestamp;
use projections::auditor::AuditState;
use projections::projector::Finding;

use crate::metrics;

/// The findings and the progress of this process's auditor.
#[derive(Debug, Default)]
pub struct Audited(RwLock<AuditStatus>);

/// The results of the last audit.
#[derive(Clone, Debug, Default)]
pub struct AuditStatus {
    /// What the last turn found in the events and in the walls of the database (triggers, rights, constraints). Empty
    /// before the first turn.
    pub log: Option<AuditState>,
    /// When everything that `portal verify` does was last done, and what it found.
    pub verified: Option<(Timestamp, Vec<Finding>)>,
    /// Why the last turn failed, if it did.
    pub failure: Option<String>,
}

impl Audited {
    pub fn known(&self) -> AuditStatus {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note(&self, what: impl FnOnce(&mut AuditStatus)) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        what(&mut known);
        let last = known.log.as_ref().and_then(|state| state.last);
        metrics::audited(known.findings().count(), last.map(|round| round.at.timestamp()));
    }
}

impl AuditStatus {
    /// All findings, each of them once.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let log = self.log.as_ref().map_or(&[][..], |state| &state.findings);
        let verified = self.verified.iter().flat_map(|(_, findings)| findings);
        log.iter().chain(verified.filter(|finding| !log.contains(finding)))
    }
}
