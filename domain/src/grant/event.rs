//! The events of platform roles.
//!
//! **Invariant:** each event says by itself whether it begins or ends somebody who stands for good: the count of those
//! is a function of the log.

use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use super::{PlatformRole, Term};
use crate::values::{PersonId, Reason, RequestId};

/// What happened to one person's platform roles. Stored for ever; see the warning at `OrgEvent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantEvent {
    SuperadminGranted(Granted),
    SuperadminRevoked(Revoked),
    SuperadminStarted {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    SuperadminExpired {
        until: DateTime<Utc>,
    },
    AuditorGranted(Granted),
    AuditorRevoked(Revoked),
    AuditorStarted {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    AuditorExpired {
        until: DateTime<Utc>,
    },
    GrantRequested {
        request: RequestId,
        role: PlatformRole,
        reason: Reason,
        term: Term,
        by: PersonId,
        person: PersonId,
    },
    RequestDeclined {
        request: RequestId,
        role: PlatformRole,
        reason: Reason,
    },
    RequestWithdrawn {
        request: RequestId,
        role: PlatformRole,
    },
}

/// A role that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    pub reason: Reason,
    /// The start, if it was still to come when the role was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// The first moment at which the role is no longer held; without one, it is held for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// The request that this grant approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
}

/// A role that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    pub reason: Reason,
    /// True if the revoked grant had begun and had no end.
    #[serde(default = "yes", skip_serializing_if = "is_so")]
    pub for_good: bool,
    /// True if the same command gave the role again, for another term.
    #[serde(default, skip_serializing_if = "is_not_so")]
    pub replaced: bool,
}

impl Granted {
    /// A grant that begins at once, has no end and answers no request.
    pub fn for_good(reason: Reason) -> Self {
        Self { reason, from: None, until: None, request: None }
    }
}

impl Revoked {
    /// The revocation of a grant that had begun and had no end.
    pub fn for_good(reason: Reason) -> Self {
        Self { reason, for_good: true, replaced: false }
    }
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_so(so: &bool) -> bool {
    *so
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_not_so(so: &bool) -> bool {
    !*so
}

impl DomainEvent for GrantEvent {
    fn event_type(&self) -> String {
        match self {
            Self::SuperadminGranted(_) => "SuperadminGranted",
            Self::SuperadminRevoked(_) => "SuperadminRevoked",
            Self::SuperadminStarted { .. } => "SuperadminStarted",
            Self::SuperadminExpired { .. } => "SuperadminExpired",
            Self::AuditorGranted(_) => "AuditorGranted",
            Self::AuditorRevoked(_) => "AuditorRevoked",
            Self::AuditorStarted { .. } => "AuditorStarted",
            Self::AuditorExpired { .. } => "AuditorExpired",
            Self::GrantRequested { .. } => "GrantRequested",
            Self::RequestDeclined { .. } => "RequestDeclined",
            Self::RequestWithdrawn { .. } => "RequestWithdrawn",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
