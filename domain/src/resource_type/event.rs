//! The events of a resource type.
//!
//! **Invariant:** these are stored for ever. Never change the meaning of a variant or a field: add a new one, raise the
//! version of the old, and keep its lines in `fixtures/events/resource_type.jsonl`.

use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use super::{Actions, Definition, RolloutPolicy};
use crate::values::{Description, Label, Reason};

/// An event of one resource type. The name of the stream says which one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResourceTypeEvent {
    ResourceTypeDefined(Definition),
    ResourceTypeRelabelled {
        label: Label,
    },
    ResourceTypeDescribed {
        description: Description,
    },
    ResourceTypeActionsSet {
        actions: Actions,
    },
    ResourceTypeSpreadChanged {
        spread: RolloutPolicy,
        /// Organisations created after this position count as new. Without it, the position of this event counts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<i64>,
    },
    ResourceTypeDeactivated {
        reason: Reason,
    },
    ResourceTypeReactivated {},
}

impl DomainEvent for ResourceTypeEvent {
    fn event_type(&self) -> String {
        match self {
            Self::ResourceTypeDefined(_) => "ResourceTypeDefined",
            Self::ResourceTypeRelabelled { .. } => "ResourceTypeRelabelled",
            Self::ResourceTypeDescribed { .. } => "ResourceTypeDescribed",
            Self::ResourceTypeActionsSet { .. } => "ResourceTypeActionsSet",
            Self::ResourceTypeSpreadChanged { .. } => "ResourceTypeSpreadChanged",
            Self::ResourceTypeDeactivated { .. } => "ResourceTypeDeactivated",
            Self::ResourceTypeReactivated {} => "ResourceTypeReactivated",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
