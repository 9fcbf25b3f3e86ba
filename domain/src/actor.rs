//! The actor of a command, and the metadata that is written beside every event.
//!
//! **Invariant:** nothing here is secret or can be erased later: people stand as ids, never as names or addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::values::PersonId;

/// Whoever issued a command. Written as `person:<uuid>`, `shell`, `setup` or `timer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Somebody who signed in.
    Person(PersonId),
    /// Somebody with a shell on the server (`portal grant`, `portal import`).
    Shell,
    /// The one link that an empty portal prints, before anybody can sign in.
    Setup,
    /// Nobody acted: a time came that an earlier event had set.
    Timer,
}

impl Actor {
    pub fn person(self) -> Option<PersonId> {
        match self {
            Self::Person(id) => Some(id),
            Self::Shell | Self::Setup | Self::Timer => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Shell => f.write_str("shell"),
            Self::Setup => f.write_str("setup"),
            Self::Timer => f.write_str("timer"),
        }
    }
}

/// A stored actor that this version can't read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown actor {0:?}")]
pub struct UnknownActor(String);

impl FromStr for Actor {
    type Err = UnknownActor;

    fn from_str(text: &str) -> Result<Self, UnknownActor> {
        let unknown = || UnknownActor(text.to_owned());
        match text.split_once(':') {
            None if text == "shell" => Ok(Self::Shell),
            None if text == "setup" => Ok(Self::Setup),
            None if text == "timer" => Ok(Self::Timer),
            Some(("person", id)) => id.parse().map(Self::Person).or(Err(unknown())),
            _ => Err(unknown()),
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The metadata of every event of one append. The time is not in it: it has its own column in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    pub actor: Actor,
    /// The person for whom the actor acted, if the actor did not act for themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<PersonId>,
    /// The command that gave this event: the same for all events of one append.
    pub command: Uuid,
    /// The bulk order that this command is one part of: each of its targets gets a command. Otherwise the command's own id.
    pub correlation: Uuid,
    /// Position of the event that led to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<i64>,
    /// Position of the event that this one undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts: Option<i64>,
    /// The network address that the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Why this event is stamped earlier than the one in front of it: a clock had been wrong, and somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_continues: Option<String>,
}

impl Metadata {
    /// Metadata of a command that nothing else led to.
    pub fn new(actor: Actor, command: Uuid) -> Self {
        Self {
            actor,
            on_behalf_of: None,
            command,
            correlation: command,
            causation: None,
            reverts: None,
            address: None,
            time_continues: None,
        }
    }
}
