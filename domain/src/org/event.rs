//! What can have happened to an organisation.
//!
//! **Invariant:** these are stored for ever. Never change the meaning of a variant or a field: add a new one, raise the
//! version of the old, and keep its lines in `fixtures/events/org.jsonl`.

use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use super::Role;
use crate::resource_type::{Actions, Choice};
use crate::values::{InvitationId, OrgName, PersonId, Reason, ResourceCode, RoleName, Slug};

/// What happened to an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrgEvent {
    OrgCreated {
        name: OrgName,
        slug: Slug,
    },
    OrgRenamed {
        name: OrgName,
    },
    OrgSlugChanged {
        slug: Slug,
    },
    OrgSuspended {
        reason: Reason,
    },
    OrgReinstated {},
    /// Of a protected organisation: it will be reinstated by itself then.
    OrgReinstatementScheduled {
        at: DateTime<Utc>,
    },
    /// It stays suspended.
    OrgSuspensionConfirmed {},
    OrgArchived {
        reason: Reason,
    },
    /// Back to what it was: active, or still suspended for this reason.
    OrgRestored {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        suspended: Option<Reason>,
    },
    OrgProtected {},
    OrgUnprotected {},
    MemberInvited {
        invitation: InvitationId,
        person: PersonId,
        role: Role,
        expires_at: DateTime<Utc>,
    },
    InvitationRenewed {
        invitation: InvitationId,
        expires_at: DateTime<Utc>,
    },
    InvitationWithdrawn {
        invitation: InvitationId,
    },
    MemberJoined {
        invitation: InvitationId,
        person: PersonId,
        role: Role,
    },
    /// It has the type or not, whatever the policy says now or later.
    ResourceTypeChosen {
        code: ResourceCode,
        choice: Choice,
    },
    /// The policy of the type decides again.
    ResourceTypeChoiceDropped {
        code: ResourceCode,
    },
    RoleAdded {
        role: RoleName,
    },
    /// And everything that was decided about it.
    RoleRemoved {
        role: RoleName,
    },
    /// The role may do this with things of the type; what is not named stays as it was.
    PermissionsGranted {
        role: Role,
        code: ResourceCode,
        actions: Actions,
    },
    PermissionsWithdrawn {
        role: Role,
        code: ResourceCode,
        actions: Actions,
    },
}

impl DomainEvent for OrgEvent {
    fn event_type(&self) -> String {
        match self {
            Self::OrgCreated { .. } => "OrgCreated",
            Self::OrgRenamed { .. } => "OrgRenamed",
            Self::OrgSlugChanged { .. } => "OrgSlugChanged",
            Self::OrgSuspended { .. } => "OrgSuspended",
            Self::OrgReinstated {} => "OrgReinstated",
            Self::OrgReinstatementScheduled { .. } => "OrgReinstatementScheduled",
            Self::OrgSuspensionConfirmed {} => "OrgSuspensionConfirmed",
            Self::OrgArchived { .. } => "OrgArchived",
            Self::OrgRestored { .. } => "OrgRestored",
            Self::OrgProtected {} => "OrgProtected",
            Self::OrgUnprotected {} => "OrgUnprotected",
            Self::MemberInvited { .. } => "MemberInvited",
            Self::InvitationRenewed { .. } => "InvitationRenewed",
            Self::InvitationWithdrawn { .. } => "InvitationWithdrawn",
            Self::MemberJoined { .. } => "MemberJoined",
            Self::ResourceTypeChosen { .. } => "ResourceTypeChosen",
            Self::ResourceTypeChoiceDropped { .. } => "ResourceTypeChoiceDropped",
            Self::RoleAdded { .. } => "RoleAdded",
            Self::RoleRemoved { .. } => "RoleRemoved",
            Self::PermissionsGranted { .. } => "PermissionsGranted",
            Self::PermissionsWithdrawn { .. } => "PermissionsWithdrawn",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
