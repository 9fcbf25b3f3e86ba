//! The platform roles, and the events of each.
//!
//! **Invariant:** they are all in [`PlatformRole::ALL`], the strongest first.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{GrantEvent, Granted, Revoked};

/// What somebody may do on the platform as a whole. Never mixed up with a role inside an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlatformRole {
    Superadmin,
    Auditor,
}

/// The text names no platform role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("choose superadmin or auditor")]
pub struct UnknownRole;

impl PlatformRole {
    pub const ALL: [Self; 2] = [Self::Superadmin, Self::Auditor];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Superadmin => "superadmin",
            Self::Auditor => "auditor",
        }
    }

    pub(super) fn granted(self, granted: Granted) -> GrantEvent {
        match self {
            Self::Superadmin => GrantEvent::SuperadminGranted(granted),
            Self::Auditor => GrantEvent::AuditorGranted(granted),
        }
    }

    pub(super) fn revoked(self, revoked: Revoked) -> GrantEvent {
        match self {
            Self::Superadmin => GrantEvent::SuperadminRevoked(revoked),
            Self::Auditor => GrantEvent::AuditorRevoked(revoked),
        }
    }

    pub(super) fn started(self, until: Option<DateTime<Utc>>) -> GrantEvent {
        match self {
            Self::Superadmin => GrantEvent::SuperadminStarted { until },
            Self::Auditor => GrantEvent::AuditorStarted { until },
        }
    }

    pub(super) fn expired(self, until: DateTime<Utc>) -> GrantEvent {
        match self {
            Self::Superadmin => GrantEvent::SuperadminExpired { until },
            Self::Auditor => GrantEvent::AuditorExpired { until },
        }
    }
}

impl FromStr for PlatformRole {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}
