//! Undoing an event: which command brings the state before it back, or why there is no such command.
//!
//! ```text
//!            before          after            now
//! ───────────●───── target ──●─── … ──────────●
//!            └── what the facet said ──┬──────┘
//!                                      └─ an ordinary command, tried here, ordered by whoever may
//! ```
//!
//! Each event writes one **facet** of its aggregate: the name, the status, one role's permissions for one type. A revert
//! brings its facet back to what it said before, by a command that everybody could have ordered, and touches no other.
//! Whatever was decided about the facet since stands in the way: a later decision is never undone by undoing an earlier.
//!
//! **Invariant:** nothing is taken out of the log, and no event undoes another by itself: read models need to know nothing
//! of it. A second revert of the same event meets the first, which is a later decision about the same facet.

mod planner;

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::values::Reason;
use crate::{AnyEvent, Decider, Grant, Org, ResourceType};

pub use planner::Planner;

/// An aggregate whose events can be undone, or say why not.
pub trait Revertible: Decider {
    /// The part of the state that an event writes. Its text is shown to people.
    type Facet: Clone + Debug + Display + PartialEq + Eq + PartialOrd + Ord;

    /// The facet that an event changed, or why the event can't be undone.
    fn facet(event: &Self::Event) -> Result<Self::Facet, Irreversible>;

    /// The facet that an event decides about, also if the event can't be undone.
    fn decides(event: &Self::Event) -> Option<Self::Facet> {
        Self::facet(event).ok()
    }

    /// Says whether a decision about one facet is also a decision about the other.
    fn overlap(one: &Self::Facet, other: &Self::Facet) -> bool {
        one == other
    }

    /// The position of the event that made the decision which this event states. Mostly that is its own position.
    fn decided(_: &Self::Event, position: i64) -> i64 {
        position
    }

    /// The value of a facet, in words. Two values are equal exactly if they read the same.
    fn says(&self, facet: &Self::Facet) -> String;

    /// The command that gives these facets the values they had in `before`; nothing if no single command can.
    fn restore(
        &self,
        before: &Self,
        facets: &BTreeSet<Self::Facet>,
        with: &Restoration,
    ) -> Option<Self::Command>;

    /// Describes what stays lost although the facet is restored.
    fn lost(event: &Self::Event) -> Option<&'static str>;
}

/// What a restoring command needs besides the values to restore.
#[derive(Clone, Debug)]
pub struct Restoration {
    pub reason: Reason,
    pub at: DateTime<Utc>,
    /// Position of the event that had set the value to be restored, if there was one.
    pub decided: Option<i64>,
}

/// Why an event can never be undone, whatever happened after it. Where something else can be done, the text says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Irreversible {
    #[error("what was begun can't be made never to have been; archive or deactivate it instead")]
    Beginning,
    #[error("it took effect outside at once: {0}")]
    Outside(&'static str),
    #[error("it only records that a time had come, and no time comes back")]
    Time,
    #[error("a decision about a request stands; ask anew instead")]
    Request,
}

/// An event of one aggregate, with its position and metadata from the log.
#[derive(Clone, Debug)]
pub struct Past<E> {
    pub position: i64,
    /// The id of the command that recorded it: the same for all events of one command.
    pub command: Uuid,
    /// Position of the event that this one undid.
    pub reverts: Option<i64>,
    pub event: E,
}

/// The command that would undo something, and its effects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevertPlan<A: Revertible> {
    pub command: A::Command,
    /// The events that the command would record, if nothing else is recorded first.
    pub events: Vec<A::Event>,
    pub changes: Vec<FacetChange>,
    pub lost: Vec<&'static str>,
}

/// The value of one facet now, and after the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetChange {
    pub facet: String,
    pub now: String,
    pub then: String,
}

/// Why something is not undone. The text is shown to whoever asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPlanned {
    #[error("there is no such event here")]
    NoSuchEvent,
    #[error("{0}")]
    Irreversible(#[from] Irreversible),
    #[error("it changed nothing that could be brought back")]
    ChangedNothing,
    #[error("it stands already as it stood before")]
    UndoneAlready,
    #[error("it was reverted by #{0} already")]
    RevertedBy(i64),
    #[error("#{0} decided about the same since; revert that first")]
    SupersededBy(i64),
    #[error("#{0} decided about the same since, and that stays")]
    OvertakenBy(i64),
    #[error("it can't be: {0}")]
    Refused(String),
    #[error("no single order brings this back; revert its events one by one")]
    TooMuchAtOnce,
}

impl AnyEvent {
    /// Why this event can never be undone, whatever happened after it.
    pub fn irreversible(&self) -> Option<Irreversible> {
        match self {
            Self::Org(_, event) => Org::facet(event).err(),
            Self::Grant(_, event) => Grant::facet(event).err(),
            Self::ResourceType(_, event) => ResourceType::facet(event).err(),
        }
    }
}
