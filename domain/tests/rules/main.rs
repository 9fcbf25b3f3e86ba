//! The rules, told as stories: given what happened, when somebody orders something, then this happens.
//!
//! **Invariant:** nothing here knows how a rule is written; all goes through `decide` and `apply`.

mod acme;
mod grant;
mod members;
mod org;
mod permissions;
mod random;
mod resource_type;
mod revert;
mod roles;
mod rule_book;
mod sentences;
mod snapshots;
mod stored;
mod values;

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::{Aggregate, DomainEvent};
use domain::grant::GrantEvent;
use domain::org::OrgEvent;
use domain::resource_type::ResourceTypeEvent;
use domain::values::{InvitationId, PersonId, Reason, RequestId};
use domain::{Decider, Grant, Org, ResourceType};
use uuid::Uuid;

/// The aggregate that an event belongs to, so that `given` knows it from the past alone.
trait Past: DomainEvent {
    type Of: Aggregate<Event = Self>;
}

impl Past for ResourceTypeEvent {
    type Of = ResourceType;
}

impl Past for OrgEvent {
    type Of = Org;
}

impl Past for GrantEvent {
    type Of = Grant;
}

fn given<E: Past>(past: impl IntoIterator<Item = E>) -> Given<E::Of> {
    let mut state = E::Of::default();
    past.into_iter().for_each(|event| state.apply(event));
    Given(state)
}

/// An aggregate with a past.
struct Given<A>(A);

impl<A: Decider> Given<A> {
    fn when(&self, command: A::Command) -> Then<A> {
        Then(self.0.decide(command))
    }
}

/// The answer of an aggregate to a command.
#[must_use]
struct Then<A: Decider>(Result<Vec<A::Event>, A::Error>);

impl<A: Decider<Error: PartialEq>> Then<A> {
    #[track_caller]
    fn then(self, events: impl IntoIterator<Item = A::Event>) {
        assert_eq!(self.0, Ok(events.into_iter().collect()));
    }

    #[track_caller]
    fn then_nothing(self) {
        self.then([]);
    }

    #[track_caller]
    fn then_something(self) {
        assert!(self.0.as_ref().is_ok_and(|events| !events.is_empty()), "{:?}", self.0.err());
    }

    #[track_caller]
    fn then_refused(self, error: A::Error) {
        assert_eq!(self.0, Err(error));
    }
}

fn person(number: u128) -> PersonId {
    PersonId(Uuid::from_u128(number))
}

fn invitation(number: u128) -> InvitationId {
    InvitationId(Uuid::from_u128(number))
}

fn request(number: u128) -> RequestId {
    RequestId(Uuid::from_u128(number))
}

/// This many days after the beginning of the story.
fn day(days: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(days)
}

fn reason(text: &str) -> Reason {
    text.parse().expect("the reasons of these stories are long enough")
}
