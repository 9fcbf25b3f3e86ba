//! How much of the data a request may see: one organisation, or all of them.
//!
//! **Invariant:** every read of tenants' data asks for one of these. [`Platform`] lifts the filter that keeps tenants
//! apart, is made from an active grant (`grants.rs`) and nowhere else, which a test keeps so, and knows what was read through
//! it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

/// All organisations. Only somebody with an active platform grant gets one, for one request.
#[derive(Clone, Debug)]
pub struct Platform(Arc<Mutex<Reads>>);

/// What was read through the bypass: organisations, and how they were shown. The key `None` stands for the use of the
/// bypass itself, when a list of all organisations was asked for.
pub type Reads = BTreeMap<Option<Uuid>, ViewKind>;

/// How an organisation was shown: the stronger one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ViewKind {
    /// The organisation was one of many: a row of a list, an event among others.
    Listed,
    /// The organisation was shown by itself.
    Opened,
}

impl Platform {
    /// Makes the one bypass. Only [`ActiveGrant`](crate::grants::ActiveGrant) may call this.
    pub(crate) fn lifted() -> Self {
        Self(Arc::default())
    }

    /// Takes the organisations that were shown through this since the last call.
    pub fn take_reads(&self) -> Reads {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes that this organisation's own data is read.
    pub(crate) fn reads(&self, org_id: Uuid) {
        self.note([(Some(org_id), ViewKind::Opened)]);
    }

    /// Notes that a list of all was asked for, and that these organisations are what it shows.
    pub(crate) fn lists(&self, orgs: impl IntoIterator<Item = Uuid>) {
        self.note([(None, ViewKind::Listed)]);
        self.shows(orgs);
    }

    /// Notes that a page names these organisations beside what it is about.
    pub(crate) fn shows(&self, orgs: impl IntoIterator<Item = Uuid>) {
        self.note(orgs.into_iter().map(|org_id| (Some(org_id), ViewKind::Listed)));
    }

    fn note(&self, read: impl IntoIterator<Item = (Option<Uuid>, ViewKind)>) {
        let mut reads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (org_id, shown) in read {
            let noted = reads.entry(org_id).or_insert(shown);
            *noted = shown.max(*noted);
        }
    }
}

/// One organisation, for somebody who belongs there.
#[derive(Clone, Copy, Debug)]
pub struct Tenant(Uuid);

impl Tenant {
    /// Only [`Membership`](crate::memberships::Membership) and [`InvitationRow`](crate::memberships::InvitationRow) may call
    /// this.
    pub(crate) fn one(org_id: Uuid) -> Self {
        Self(org_id)
    }

    pub fn org_id(self) -> Uuid {
        self.0
    }

    /// Begins a transaction on Postgres that sees this organisation's rows: one round trip. An id has nothing to quote.
    pub(crate) fn begin(self) -> String {
        format!("begin read only; set local portal.org = '{}'", self.0)
    }
}

/// What a read of one organisation's data may see.
#[derive(Clone, Debug)]
pub enum Scope {
    Platform(Platform),
    Tenant(Tenant),
}

impl Scope {
    /// Says whether the rows of this organisation may be seen. The platform sees all, and its read is noted.
    pub(crate) fn covers(&self, org_id: Uuid) -> bool {
        match self {
            Self::Platform(platform) => {
                platform.reads(org_id);
                true
            }
            Self::Tenant(tenant) => tenant.0 == org_id,
        }
    }
}
