//! How much of the data a request may see: one organisation, or all of them.
//!
//! **Invariant:** every read of tenants' data asks for one of these. [`Platform`] lifts the filter that keeps tenants
//! apart, and can be made from an active grant in this file's one function and nowhere else.

use uuid::Uuid;

use crate::grants::ActiveGrant;
use crate::memberships::{Invitation, Membership};

/// All organisations. Only somebody with an active platform grant gets one, for one request.
#[derive(Clone, Debug)]
pub struct Platform(());

impl Platform {
    /// The one bypass.
    pub fn of(_grant: &ActiveGrant) -> Self {
        Self(())
    }
}

/// One organisation, for somebody who belongs there.
#[derive(Clone, Copy, Debug)]
pub struct Tenant(Uuid);

impl Tenant {
    pub fn of(membership: &Membership) -> Self {
        Self(membership.org_id)
    }

    /// For whoever holds an open link to an invitation: they may see what they are invited to.
    pub fn invited(invitation: &Invitation) -> Self {
        Self(invitation.org_id)
    }

    pub fn org_id(self) -> Uuid {
        self.0
    }
}

/// What a read of one organisation's data may see.
#[derive(Clone, Debug)]
pub enum Scope {
    Platform(Platform),
    Tenant(Tenant),
}

impl Scope {
    /// Whether the rows of this organisation may be seen.
    pub fn covers(&self, org_id: Uuid) -> bool {
        match self {
            Self::Platform(_) => true,
            Self::Tenant(tenant) => tenant.0 == org_id,
        }
    }
}
