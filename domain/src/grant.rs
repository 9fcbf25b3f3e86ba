//! The platform roles that one person holds: superadmin, auditor, both or none.
//!
//! **Invariant:** once there is a superadmin there is always one. One person's stream can't see the others, so every
//! grant and revocation also counts in the log's own guard, in the same transaction.

use std::collections::BTreeMap;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};

use crate::values::{PersonId, Reason};
use crate::{Constraint, Rules};

/// An order about one person's platform roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum GrantCommand {
    Give { role: PlatformRole, reason: Reason },
    Revoke { role: PlatformRole, reason: Reason },
}

/// What happened to one person's platform roles. Stored for ever; see the warning at `OrgEvent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantEvent {
    SuperadminGranted { reason: Reason },
    SuperadminRevoked { reason: Reason },
    AuditorGranted { reason: Reason },
    AuditorRevoked { reason: Reason },
}

/// What somebody may do on the platform as a whole. Never mixed up with a role inside an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlatformRole {
    Superadmin,
    Auditor,
}

impl PlatformRole {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Superadmin => "superadmin",
            Self::Auditor => "auditor",
        }
    }
}

/// Why a grant was refused. The text is shown to whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    #[error("this person does not hold that role")]
    NotHeld,
}

/// Where the person stands with each role; one that was never granted is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grant(BTreeMap<PlatformRole, Standing>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    Never,
    Held,
    Revoked,
}

impl Rules for Grant {
    type Id = PersonId;

    fn decide(&self, command: GrantCommand) -> Result<Vec<GrantEvent>, GrantError> {
        use GrantCommand as C;
        use Standing::{Held, Never, Revoked};
        match command {
            C::Give { role, reason } => match self.standing(role) {
                Never | Revoked => Ok(vec![role.granted(reason)]),
                Held => Ok(vec![]),
            },
            // Twice is a double click; of somebody who never held it, a mistake that must be seen.
            C::Revoke { role, reason } => match self.standing(role) {
                Never => Err(GrantError::NotHeld),
                Held => Ok(vec![role.revoked(reason)]),
                Revoked => Ok(vec![]),
            },
        }
    }

    fn constraints(event: &GrantEvent) -> Vec<Constraint> {
        use GrantEvent as E;
        let count = |delta| vec![Constraint::Guard { name: SUPERADMINS, delta, floor: 1 }];
        match event {
            E::SuperadminGranted { .. } => count(1),
            E::SuperadminRevoked { .. } => count(-1),
            E::AuditorGranted { .. } | E::AuditorRevoked { .. } => vec![],
        }
    }
}

/// The guard that counts superadmins.
pub const SUPERADMINS: &str = "superadmins";

impl PlatformRole {
    fn granted(self, reason: Reason) -> GrantEvent {
        match self {
            Self::Superadmin => GrantEvent::SuperadminGranted { reason },
            Self::Auditor => GrantEvent::AuditorGranted { reason },
        }
    }

    fn revoked(self, reason: Reason) -> GrantEvent {
        match self {
            Self::Superadmin => GrantEvent::SuperadminRevoked { reason },
            Self::Auditor => GrantEvent::AuditorRevoked { reason },
        }
    }
}

impl Grant {
    fn standing(&self, role: PlatformRole) -> Standing {
        self.0.get(&role).copied().unwrap_or_default()
    }
}

impl Aggregate for Grant {
    const TYPE: &'static str = "grant";
    type Command = GrantCommand;
    type Event = GrantEvent;
    type Error = GrantError;
    type Services = ();

    async fn handle(
        &mut self,
        command: GrantCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), GrantError> {
        crate::run(self, command, sink).await
    }

    fn apply(&mut self, event: GrantEvent) {
        use GrantEvent as E;
        use PlatformRole::{Auditor, Superadmin};
        let (role, standing) = match event {
            E::SuperadminGranted { .. } => (Superadmin, Standing::Held),
            E::SuperadminRevoked { .. } => (Superadmin, Standing::Revoked),
            E::AuditorGranted { .. } => (Auditor, Standing::Held),
            E::AuditorRevoked { .. } => (Auditor, Standing::Revoked),
        };
        self.0.insert(role, standing);
    }
}

impl DomainEvent for GrantEvent {
    fn event_type(&self) -> String {
        match self {
            Self::SuperadminGranted { .. } => "SuperadminGranted",
            Self::SuperadminRevoked { .. } => "SuperadminRevoked",
            Self::AuditorGranted { .. } => "AuditorGranted",
            Self::AuditorRevoked { .. } => "AuditorRevoked",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
