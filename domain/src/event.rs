//! An event of any aggregate, as the log gives it back.
//!
//! **Invariant:** this is the only reader of stored payloads, for aggregates, projections and exports alike.

use std::fmt::Display;

use cqrs_es::{Aggregate, DomainEvent};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, IntoDeserializer};
use uuid::Uuid;

use crate::grant::{Grant, GrantEvent};
use crate::org::{Org, OrgEvent};
use crate::resource_type::{ResourceType, ResourceTypeEvent};
use crate::sentence::Part;
use crate::values::{OrgId, PersonId, Reason, ResourceCode};
use crate::{Constraint, Decider};

/// An event together with the id of its aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyEvent {
    Org(OrgId, OrgEvent),
    Grant(PersonId, GrantEvent),
    ResourceType(ResourceCode, ResourceTypeEvent),
}

/// A stored event that this version can't read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Written by a newer version, which can read it.
    #[error("{event_type} version {version} of {aggregate_type} is unknown here; a newer portal wrote it")]
    Newer { aggregate_type: String, event_type: String, version: String },
    /// Damaged, or never written by us.
    #[error("{event_type} of {aggregate_type} can't be read: {why}")]
    Damaged { aggregate_type: String, event_type: String, why: String },
}

impl Unreadable {
    /// Says whether a newer version can read the event.
    pub fn is_newer(&self) -> bool {
        matches!(self, Self::Newer { .. })
    }
}

/// What this version can read, as one number: raised by each release that adds an event type or a version of one. Running
/// processes tell it to each other, and no process writes what another one that runs can't read.
pub const FEATURE_LEVEL: i64 = 2;

/// Every event type that was ever stored, with the feature level at which each of its versions came in: version 1 first.
pub const EVENT_TYPES: &[(&str, &[(&str, &[i64])])] = &[
    (
        Org::TYPE,
        &[
            ("OrgCreated", &[1]),
            ("OrgRenamed", &[1]),
            ("OrgSlugChanged", &[1]),
            ("OrgSuspended", &[1]),
            ("OrgReinstated", &[1]),
            ("OrgReinstatementScheduled", &[1]),
            ("OrgSuspensionConfirmed", &[1]),
            ("OrgArchived", &[1]),
            ("OrgRestored", &[1]),
            ("OrgProtected", &[1]),
            ("OrgUnprotected", &[1]),
            ("MemberInvited", &[1]),
            ("InvitationRenewed", &[1]),
            ("InvitationWithdrawn", &[1]),
            ("MemberJoined", &[1]),
            ("MemberRoleChanged", &[2]),
            ("MemberRemoved", &[2]),
            ("MemberLeft", &[2]),
            ("MemberReadmitted", &[2]),
            ("ResourceTypeChosen", &[1]),
            ("ResourceTypeChoiceDropped", &[1]),
            ("RoleAdded", &[1]),
            ("RoleRemoved", &[1]),
            ("PermissionsGranted", &[1]),
            ("PermissionsWithdrawn", &[1]),
        ],
    ),
    (
        Grant::TYPE,
        &[
            ("SuperadminGranted", &[1]),
            ("SuperadminRevoked", &[1]),
            ("SuperadminStarted", &[1]),
            ("SuperadminExpired", &[1]),
            ("AuditorGranted", &[1]),
            ("AuditorRevoked", &[1]),
            ("AuditorStarted", &[1]),
            ("AuditorExpired", &[1]),
            ("GrantRequested", &[1]),
            ("RequestDeclined", &[1]),
            ("RequestWithdrawn", &[1]),
        ],
    ),
    (
        ResourceType::TYPE,
        &[
            ("ResourceTypeDefined", &[1]),
            ("ResourceTypeRelabelled", &[1]),
            ("ResourceTypeDescribed", &[1]),
            ("ResourceTypeActionsSet", &[1]),
            ("ResourceTypeSpreadChanged", &[1]),
            ("ResourceTypeDeactivated", &[1]),
            ("ResourceTypeReactivated", &[1]),
        ],
    ),
];

impl AnyEvent {
    /// The constraints that the event puts on the whole log, whichever its aggregate.
    pub fn constraints(&self) -> Vec<Constraint> {
        match self {
            Self::Org(_, event) => Org::constraints(event),
            Self::Grant(_, event) => Grant::constraints(event),
            Self::ResourceType(_, event) => ResourceType::constraints(event),
        }
    }

    /// What was done, to be read after the name of whoever did it.
    pub fn sentence(&self) -> Vec<Part> {
        match self {
            Self::Org(id, event) => event.sentence(*id),
            Self::Grant(id, event) => event.sentence(Part::Person(*id)),
            Self::ResourceType(code, event) => event.sentence(Part::ResourceType(code.clone())),
        }
    }

    /// Why it was done, where somebody had to say.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Org(_, event) => event.reason(),
            Self::Grant(_, event) => event.reason(),
            Self::ResourceType(_, event) => event.reason(),
        }
        .map(Reason::as_str)
    }

    /// Reads a stored event: its columns and the payload as it was written.
    pub fn decode(
        aggregate_type: &str,
        aggregate_id: &str,
        event_type: &str,
        version: &str,
        payload: &str,
    ) -> Result<Self, Unreadable> {
        match aggregate_type {
            Org::TYPE => {
                let event = decode_text::<Org>(event_type, version, payload)?;
                Ok(Self::Org(OrgId(uuid::<Org>(event_type, aggregate_id)?), event))
            }
            Grant::TYPE => {
                let event = decode_text::<Grant>(event_type, version, payload)?;
                Ok(Self::Grant(PersonId(uuid::<Grant>(event_type, aggregate_id)?), event))
            }
            ResourceType::TYPE => {
                let event = decode_text::<ResourceType>(event_type, version, payload)?;
                let code: Result<_, serde::de::value::Error> =
                    ResourceCode::deserialize(aggregate_id.into_deserializer());
                let code = code.map_err(|e| damaged::<ResourceType>(event_type, e.to_string()))?;
                Ok(Self::ResourceType(code, event))
            }
            _ => Err(newer(aggregate_type, event_type, version)),
        }
    }
}

/// The feature level that a reader of this version of an event type needs; nothing if this portal can't read it.
pub fn level(aggregate_type: &str, event_type: &str, version: &str) -> Option<i64> {
    let (_, events) = EVENT_TYPES.iter().find(|(aggregate, _)| *aggregate == aggregate_type)?;
    let (_, levels) = events.iter().find(|(known, _)| *known == event_type)?;
    let version: usize = version.parse().ok()?;
    levels.get(version.checked_sub(1)?).copied()
}

/// Reads one event of aggregate `A` from JSON, as text or as a value.
/// Older versions would be brought up to date here, in one place for every reader.
pub fn decode<'de, A, D>(event_type: &str, version: &str, payload: D) -> Result<A::Event, Unreadable>
where
    A: Aggregate<Event: DeserializeOwned>,
    D: Deserializer<'de, Error: Display>,
{
    if level(A::TYPE, event_type, version).is_none() {
        return Err(newer(A::TYPE, event_type, version));
    }
    let event = A::Event::deserialize(payload).map_err(|e| damaged::<A>(event_type, e.to_string()))?;
    match event.event_type() {
        told if told == event_type => Ok(event),
        told => Err(damaged::<A>(event_type, format!("the payload is of {told}"))),
    }
}

/// Like [`decode`], but reads from text, which must not continue after the event.
pub fn decode_text<A>(event_type: &str, version: &str, payload: &str) -> Result<A::Event, Unreadable>
where
    A: Aggregate<Event: DeserializeOwned>,
{
    let mut json = serde_json::Deserializer::from_str(payload);
    let event = decode::<A, _>(event_type, version, &mut json)?;
    json.end().map_err(|e| damaged::<A>(event_type, e.to_string()))?;
    Ok(event)
}

fn uuid<A: Aggregate>(event_type: &str, id: &str) -> Result<Uuid, Unreadable> {
    id.parse().map_err(|e: uuid::Error| damaged::<A>(event_type, e.to_string()))
}

fn newer(aggregate_type: &str, event_type: &str, version: &str) -> Unreadable {
    Unreadable::Newer {
        aggregate_type: aggregate_type.to_owned(),
        event_type: event_type.to_owned(),
        version: version.to_owned(),
    }
}

fn damaged<A: Aggregate>(event_type: &str, why: String) -> Unreadable {
    Unreadable::Damaged { aggregate_type: A::TYPE.to_owned(), event_type: event_type.to_owned(), why }
}
