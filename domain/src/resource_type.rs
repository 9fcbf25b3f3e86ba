//! A kind of thing that the product has: what can be done with it, and which organisations have it.
//!
//! ```text
//!         Define             Deactivate
//! Unborn ────────► Active ◄─────────────► Inactive
//!                           Reactivate
//! ```
//!
//! Its stream is named by its code, so the log itself refuses a second one. It is never deleted: whatever was granted
//! for it, and every page that names it, stays readable.
//!
//! **Invariant:** one event serves all organisations, however many there are. Which of them have the type follows from
//! its spread, from when they were created, and from what they chose.

mod actions;
mod event;
mod revert;
mod rollout_policy;
mod sentence;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::values::{Description, Label, Reason, ResourceCode};
use crate::{AnyEvent, Constraint, Decider, Snapshot};

pub use actions::{Action, Actions, UnknownAction};
pub use event::ResourceTypeEvent;
pub use revert::ResourceTypeFacet;
pub use rollout_policy::{ResourceChoice, RolloutPolicy, UnknownChoice, UnknownSpread};

/// An order about one resource type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum ResourceTypeCommand {
    Define(Definition),
    Relabel {
        label: Label,
    },
    Describe {
        description: Description,
    },
    SetActions {
        actions: Actions,
    },
    /// Changes which organisations have it.
    Spread {
        spread: RolloutPolicy,
        /// Organisations created after this position in the log count as new. Without one, those created from now on do.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<i64>,
    },
    Deactivate {
        reason: Reason,
    },
    Reactivate,
}

/// What a resource type is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    pub label: Label,
    pub description: Description,
    pub actions: Actions,
    pub spread: RolloutPolicy,
}

/// Why a command to a resource type was refused. The text is shown to whoever gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourceTypeError {
    #[error("there is no such resource type")]
    NotFound,
    #[error("a resource type with this code exists already")]
    AlreadyExists,
    #[error("this resource type is deactivated; reactivate it first")]
    Inactive,
}

/// The situations a resource type can be in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResourceType {
    #[default]
    Unborn,
    Active(Definition),
    /// No organisation has the type now, but everything about it is kept.
    Inactive(Definition),
}

impl Decider for ResourceType {
    type Id = ResourceCode;

    fn decide(&self, command: ResourceTypeCommand) -> Result<Vec<ResourceTypeEvent>, ResourceTypeError> {
        use ResourceTypeCommand as C;
        use ResourceTypeEvent as E;
        match (self, command) {
            (Self::Unborn, C::Define(definition)) => Ok(vec![E::ResourceTypeDefined(definition)]),
            (Self::Unborn, _) => Err(ResourceTypeError::NotFound),
            (_, C::Define(_)) => Err(ResourceTypeError::AlreadyExists),

            (Self::Active(it), C::Relabel { label }) if it.label == label => Ok(vec![]),
            (Self::Active(_), C::Relabel { label }) => Ok(vec![E::ResourceTypeRelabelled { label }]),
            (Self::Active(it), C::Describe { description }) if it.description == description => Ok(vec![]),
            (Self::Active(_), C::Describe { description }) => {
                Ok(vec![E::ResourceTypeDescribed { description }])
            }
            (Self::Active(it), C::SetActions { actions }) if it.actions == actions => Ok(vec![]),
            (Self::Active(_), C::SetActions { actions }) => Ok(vec![E::ResourceTypeActionsSet { actions }]),
            (Self::Active(it), C::Spread { spread, .. }) if it.spread == spread => Ok(vec![]),
            (Self::Active(_), C::Spread { spread, since }) => {
                Ok(vec![E::ResourceTypeSpreadChanged { spread, since }])
            }
            (Self::Active(_), C::Deactivate { reason }) => Ok(vec![E::ResourceTypeDeactivated { reason }]),
            (Self::Active(_), C::Reactivate) => Ok(vec![]),

            (Self::Inactive(_), C::Deactivate { .. }) => Ok(vec![]),
            (Self::Inactive(_), C::Reactivate) => Ok(vec![E::ResourceTypeReactivated {}]),
            (
                Self::Inactive(_),
                C::Relabel { .. } | C::Describe { .. } | C::SetActions { .. } | C::Spread { .. },
            ) => Err(ResourceTypeError::Inactive),
        }
    }

    fn any(id: ResourceCode, event: ResourceTypeEvent) -> AnyEvent {
        AnyEvent::ResourceType(id, event)
    }

    /// No claim is needed: the stream is named by the code, so the code is unique already.
    fn constraints(_: &ResourceTypeEvent) -> Vec<Constraint> {
        vec![]
    }
}

impl Snapshot for ResourceType {
    const FOLD: i64 = 1;

    fn weight(&self) -> usize {
        4096 // its description is the longest part, and bounded
    }
}

impl Aggregate for ResourceType {
    const TYPE: &'static str = "resource_type";
    type Command = ResourceTypeCommand;
    type Event = ResourceTypeEvent;
    type Error = ResourceTypeError;
    type Services = ();

    async fn handle(
        &mut self,
        command: ResourceTypeCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), ResourceTypeError> {
        crate::run(self, command, sink).await
    }

    fn apply(&mut self, event: ResourceTypeEvent) {
        use ResourceTypeEvent as E;
        match event {
            E::ResourceTypeDefined(definition) => *self = Self::Active(definition),
            E::ResourceTypeRelabelled { label } => self.change(|it| it.label = label),
            E::ResourceTypeDescribed { description } => self.change(|it| it.description = description),
            E::ResourceTypeActionsSet { actions } => self.change(|it| it.actions = actions),
            E::ResourceTypeSpreadChanged { spread, .. } => self.change(|it| it.spread = spread),
            E::ResourceTypeDeactivated { .. } => self.turn(Self::Inactive),
            E::ResourceTypeReactivated {} => self.turn(Self::Active),
        }
    }
}

impl ResourceType {
    fn change(&mut self, edit: impl FnOnce(&mut Definition)) {
        match self {
            Self::Unborn => {}
            Self::Active(definition) | Self::Inactive(definition) => edit(definition),
        }
    }

    fn turn(&mut self, into: fn(Definition) -> Self) {
        *self = match std::mem::take(self) {
            Self::Unborn => Self::Unborn,
            Self::Active(definition) | Self::Inactive(definition) => into(definition),
        }
    }
}
