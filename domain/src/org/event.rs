//! The events of an organisation, by concern.
//!
//! **Invariant:** these are stored for ever. Never change the meaning of a variant or a field: add a new one, raise the
//! version of the old, and keep its lines in `fixtures/events/org.jsonl`.

use std::fmt;

use cqrs_es::DomainEvent;
use serde::de::{Deserialize, Deserializer, EnumAccess, Visitor};

use super::invitations::InvitationEvent;
use super::lifecycle::LifecycleEvent;
use super::members::MemberEvent;
use super::resource_choices::ChoiceEvent;
use super::roles::RoleEvent;
use crate::concern::{Concern, NamedEvent, concerns};
use crate::sentence::Part;
use crate::values::{OrgId, Reason};

concerns! {
    /// What happened to an organisation.
    pub enum OrgEvent {
        Lifecycle(LifecycleEvent),
        Invitation(InvitationEvent),
        Member(MemberEvent),
        Role(RoleEvent),
        Choice(ChoiceEvent),
    }
}

/// The stored names of all events, by concern.
const TYPES: [&[&str]; 5] =
    [LifecycleEvent::TYPES, InvitationEvent::TYPES, MemberEvent::TYPES, RoleEvent::TYPES, ChoiceEvent::TYPES];

impl DomainEvent for OrgEvent {
    fn event_type(&self) -> String {
        match self {
            Self::Lifecycle(event) => event.event_type(),
            Self::Invitation(event) => event.event_type(),
            Self::Member(event) => event.event_type(),
            Self::Role(event) => event.event_type(),
            Self::Choice(event) => event.event_type(),
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl OrgEvent {
    /// The names under which they are stored.
    pub fn types() -> impl Iterator<Item = &'static str> {
        TYPES.into_iter().flatten().copied()
    }

    /// What was done, to be read after the name of whoever did it.
    pub(crate) fn sentence(&self, org: OrgId) -> Vec<Part> {
        match self {
            Self::Lifecycle(event) => event.sentence(org),
            Self::Invitation(event) => event.sentence(org),
            Self::Member(event) => event.sentence(org),
            Self::Role(event) => event.sentence(org),
            Self::Choice(event) => event.sentence(org),
        }
    }

    /// Why it was done, where somebody had to say.
    pub(crate) fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Lifecycle(event) => event.reason(),
            Self::Invitation(_) | Self::Member(_) | Self::Role(_) | Self::Choice(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for OrgEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("OrgEvent", &[], ByName)
    }
}

/// Reads an event by its stored name, whichever its concern.
struct ByName;

impl<'de> Visitor<'de> for ByName {
    type Value = OrgEvent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event of an organisation")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<OrgEvent, A::Error> {
        match NamedEvent::read(data, &TYPES)? {
            named if named.is_of::<LifecycleEvent>() => named.event().map(OrgEvent::Lifecycle),
            named if named.is_of::<InvitationEvent>() => named.event().map(OrgEvent::Invitation),
            named if named.is_of::<MemberEvent>() => named.event().map(OrgEvent::Member),
            named if named.is_of::<RoleEvent>() => named.event().map(OrgEvent::Role),
            named => named.event().map(OrgEvent::Choice),
        }
    }
}
