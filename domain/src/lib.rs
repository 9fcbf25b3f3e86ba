//! The rules of `portal`, without I/O, clock or chance.
//!
//! | aggregate | one stream per | says |
//! | --- | --- | --- |
//! | [`org::Org`] | organisation | who it is, whether it may work, who belongs to it |
//! | [`grant::Grant`] | person | which platform roles somebody holds |
//! | [`resource_type::ResourceType`] | code | what a kind of thing is, and which organisations have it |
//!
//! An aggregate is a pair of pure functions, `decide` (command → events or a reason) and `evolve` (event → state). One
//! file tells it top-down; the folder beside it holds the parts that have rules of their own. [`Decider`] is what the
//! command bus needs of an aggregate; `run`, below, is the one bridge into cqrs-es.
//!
//! **Invariant:** nothing in this crate performs I/O, reads the clock, or makes up an id.

pub mod actor;
mod concern;
pub mod event;
pub mod grant;
pub mod org;
pub mod resource_type;
pub mod revert;
pub mod sentence;
pub mod snapshot;
pub mod values;

use std::fmt::Display;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::Serialize;

pub use actor::{Actor, Metadata};
pub use event::{AnyEvent, Unreadable};
pub use grant::Grant;
pub use org::Org;
pub use resource_type::ResourceType;
pub use revert::Revertible;
pub use sentence::Part;
pub use snapshot::Snapshot;

/// An aggregate as pure functions, together with the constraints that its events put on the whole log.
pub trait Decider:
    Aggregate<Services = (), Command: Serialize + Clone + Send + Sync, Error: Send + Sync + 'static>
    + Snapshot
    + Clone
    + 'static
{
    type Id: Clone + Display + Send + Sync;

    /// The events that `command` would record now, none if the state is already as ordered; or the reason for refusal.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Error>;

    /// Wraps an event of this aggregate as an [`AnyEvent`].
    fn any(id: Self::Id, event: Self::Event) -> AnyEvent;

    /// The claims and counts that `event` makes in the whole log. They are checked in the transaction that appends it.
    fn constraints(event: &Self::Event) -> Vec<Constraint>;
}

/// A condition on all streams together. Claims and counts are functions of the log: `verify` folds them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// `key` belongs to this stream from now on, and to no other, ever.
    Claim { namespace: &'static str, key: String },
    /// A count that changes by `delta` and is never brought below `floor`.
    Guard { name: &'static str, delta: i64, floor: i64 },
}

/// Decides first, then writes, so that a refusal leaves no trace.
async fn run<A: Decider>(state: &mut A, command: A::Command, sink: &EventSink<A>) -> Result<(), A::Error> {
    for event in state.decide(command)? {
        sink.write(event, state).await;
    }
    Ok(())
}
