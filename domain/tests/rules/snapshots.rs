//! States as bytes: what comes back is what went in, and a fold that gives other bytes has another version.

use std::fmt::Debug;

use cqrs_es::Aggregate;
use domain::org::{InvitationCommand, Invitee, LifecycleCommand, OrgCommand, Role};
use domain::values::{InvitationId, PersonId};
use domain::{Decider, Grant, Org, ResourceType, Snapshot, event};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

const ORG: &str = include_str!("../../../fixtures/events/org.jsonl");
const GRANT: &str = include_str!("../../../fixtures/events/grant.jsonl");
const RESOURCE_TYPE: &str = include_str!("../../../fixtures/events/resource_type.jsonl");

#[derive(Deserialize)]
struct Line<'a> {
    event_type: &'a str,
    event_version: &'a str,
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// A test that fails here has found that a state looks different than it did, or that an event does something else to it.
/// Then snapshots that are stored must not be read any more: raise `FOLD` of the aggregate, and write here what it is now.
/// Where all that is new is a line in `fixtures/events/`, the version may stay.
#[test]
fn a_fold_that_gives_other_bytes_has_another_version() {
    let now = (versioned::<Org>(ORG), versioned::<Grant>(GRANT), versioned::<ResourceType>(RESOURCE_TYPE));
    assert_eq!(now, (ORG_NOW, GRANT_NOW, RESOURCE_TYPE_NOW));
}

/// The fold version of an aggregate, and a hash of all states that this fold gives.
const ORG_NOW: (i64, u64) = (2, 1_671_093_023_219_352_156);
const GRANT_NOW: (i64, u64) = (1, 2_325_050_802_574_907_157);
const RESOURCE_TYPE_NOW: (i64, u64) = (1, 17_173_093_516_153_943_162);

#[test]
fn what_was_written_is_read_back() {
    for state in states::<Org>(ORG) {
        assert_eq!(Org::from_bytes(&state.to_bytes()), Some(state));
    }
    for state in states::<Grant>(GRANT) {
        assert_eq!(Grant::from_bytes(&state.to_bytes()), Some(state));
    }
    for state in states::<ResourceType>(RESOURCE_TYPE) {
        assert_eq!(ResourceType::from_bytes(&state.to_bytes()), Some(state));
    }
}

#[test]
fn what_was_cut_off_or_added_to_is_not_read() {
    let bytes = with_people(3).to_bytes();
    for length in 0..bytes.len() {
        assert_eq!(Org::from_bytes(&bytes[..length]), None, "{length} of {}", bytes.len());
    }
    assert_eq!(Org::from_bytes(&[bytes.as_slice(), &[0]].concat()), None);
}

#[test]
fn an_organisation_that_was_read_back_decides_the_same() {
    let folded = with_people(50);
    let read = Org::from_bytes(&folded.to_bytes()).expect("readable");
    assert_eq!(read, folded);
    for number in 0..60 {
        let again = OrgCommand::Invitation(InvitationCommand::Invite(invitee(number, 7000 + number)));
        assert_eq!(read.decide(again.clone()), folded.decide(again), "{number}");
    }
}

#[test]
fn what_people_weigh_is_what_they_take_roughly() {
    let (few, many) = (with_people(10).weight(), with_people(1010).weight());
    assert!((100_000..400_000).contains(&(many - few)), "{}", many - few);
}

/// An organisation with this number of members, and as many invitations.
fn with_people(number: u128) -> Org {
    let mut org = Org::default();
    let mut order =
        |command| org.decide(command).expect("carried out").into_iter().for_each(|event| org.apply(event));
    let (name, slug) = ("Acme".parse().expect("a name"), "acme".parse().expect("a slug"));
    order(OrgCommand::Lifecycle(LifecycleCommand::Create { name, slug, owner: None }));
    for number in 0..number {
        order(OrgCommand::Invitation(InvitationCommand::Invite(invitee(number, number))));
        let (invitation, person) = (InvitationId(Uuid::from_u128(number)), PersonId(Uuid::from_u128(number)));
        if number.is_multiple_of(2) {
            order(OrgCommand::Invitation(InvitationCommand::AcceptInvitation {
                invitation,
                person,
                at: chrono::DateTime::UNIX_EPOCH,
            }));
        }
    }
    org
}

fn invitee(person: u128, invitation: u128) -> Invitee {
    Invitee {
        invitation: InvitationId(Uuid::from_u128(invitation)),
        person: PersonId(Uuid::from_u128(person)),
        role: if person.is_multiple_of(3) { Role::Admin } else { Role::Member },
        expires_at: chrono::DateTime::from_timestamp_nanos(1_900_000_000_123_456_789),
    }
}

fn versioned<A: Decider + Debug>(lines: &str) -> (i64, u64) {
    // FNV-1a: the same everywhere, and nobody attacks it here.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in states::<A>(lines).iter().flat_map(Snapshot::to_bytes) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    (A::FOLD, hash)
}

/// The state after each event of a past in which everything happens.
fn states<A: Decider + Debug>(lines: &str) -> Vec<A> {
    let mut state = A::default();
    let apply = |line: &str| {
        let line: Line<'_> = serde_json::from_str(line).expect("a stored event");
        let event = event::decode_text::<A>(line.event_type, line.event_version, line.payload.get());
        state.apply(event.expect("readable"));
        state.clone()
    };
    lines.lines().map(apply).collect()
}
