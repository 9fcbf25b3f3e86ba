//! Every event that was ever stored can still be read.
//!
//! **Invariant:** a line of `fixtures/events/` is never edited and never taken out. An event in a new shape gets a
//! new version and a new line below the old one, and the old line goes on reading, to what it means by then.

use std::collections::BTreeSet;
use std::fmt::Debug;

use cqrs_es::{Aggregate, DomainEvent};
use domain::event::{self, EVENT_TYPES, FEATURE_LEVEL};
use domain::grant::{End, GrantEvent, Granted, PlatformRole, Revoked, Term};
use domain::org::{ChoiceEvent, InvitationEvent, LifecycleEvent, MemberEvent, OrgEvent, Role, RoleEvent};
use domain::resource_type::{Action, Actions, Definition, ResourceChoice, ResourceTypeEvent, RolloutPolicy};
use domain::values::{InvitationId, OrgId, PersonId, RequestId, ResourceCode, RoleName};
use domain::{AnyEvent, Grant, Org, ResourceType, Unreadable};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::acme::{name, renamed, slug, slug_changed};
use crate::reason;

const ORG: &str = include_str!("../../../fixtures/events/org.jsonl");
const GRANT: &str = include_str!("../../../fixtures/events/grant.jsonl");
const RESOURCE_TYPE: &str = include_str!("../../../fixtures/events/resource_type.jsonl");
const ID: &str = "0197c8a0-0000-7000-8000-000000000001";

/// A stored event, as `fixtures/events/` has it.
#[derive(Debug, Deserialize)]
struct Line<'a> {
    event_type: &'a str,
    event_version: &'a str,
    #[serde(borrow)]
    payload: &'a RawValue,
}

#[test]
fn every_stored_org_event_still_reads() {
    let facts: Vec<_> = org_events().into_iter().map(|event| AnyEvent::Org(OrgId(id(1)), event)).collect();
    assert_eq!(facts_of(Org::TYPE, ORG), facts);
    assert_eq!(events_of::<Org>(ORG), org_events());
}

#[test]
fn every_stored_grant_event_still_reads() {
    let facts: Vec<_> =
        grant_events().into_iter().map(|event| AnyEvent::Grant(PersonId(id(1)), event)).collect();
    assert_eq!(facts_of(Grant::TYPE, GRANT), facts);
    assert_eq!(events_of::<Grant>(GRANT), grant_events());
}

#[test]
fn every_stored_resource_type_event_still_reads() {
    let fact = |event| AnyEvent::ResourceType("project".parse().expect("a code"), event);
    let facts: Vec<_> = resource_type_events().into_iter().map(fact).collect();
    let read = |line: Line| {
        AnyEvent::decode(
            ResourceType::TYPE,
            "project",
            line.event_type,
            line.event_version,
            line.payload.get(),
        )
    };
    assert_eq!(lines(RESOURCE_TYPE).map(read).collect::<Result<Vec<_>, _>>(), Ok(facts));
    assert_eq!(events_of::<ResourceType>(RESOURCE_TYPE), resource_type_events());
}

#[test]
fn events_are_written_byte_for_byte_as_in_their_newest_example() {
    assert_eq!(newest(ORG, &org_events()), kinds::<Org>());
    assert_eq!(newest(GRANT, &grant_events()), kinds::<Grant>());
    assert_eq!(newest(RESOURCE_TYPE, &resource_type_events()), kinds::<ResourceType>());
}

#[test]
fn every_event_has_an_example() {
    let written: BTreeSet<String> = org_events().iter().map(DomainEvent::event_type).collect();
    assert_eq!(OrgEvent::types().map(str::to_owned).collect::<BTreeSet<_>>(), written);
    let numbers: BTreeSet<_> = grant_events().iter().map(number_of_grant_event).collect();
    assert!(numbers.into_iter().eq(0..11));
    let numbers: BTreeSet<_> = resource_type_events().iter().map(number_of_resource_type_event).collect();
    assert!(numbers.into_iter().eq(0..7));
}

#[test]
fn what_is_known_is_what_is_written() {
    let written: BTreeSet<_> = org_events().iter().map(kind).collect();
    assert_eq!(kinds::<Org>(), written);
    let written: BTreeSet<_> = grant_events().iter().map(kind).collect();
    assert_eq!(kinds::<Grant>(), written);
    let written: BTreeSet<_> = resource_type_events().iter().map(kind).collect();
    assert_eq!(kinds::<ResourceType>(), written);
    let known: Vec<_> = EVENT_TYPES.iter().map(|(aggregate, _)| *aggregate).collect();
    assert_eq!(known, [Org::TYPE, Grant::TYPE, ResourceType::TYPE]);
}

/// Whoever adds an event type or a version raises the level, so that older processes are told apart.
#[test]
fn the_feature_level_is_the_newest_that_an_event_needs() {
    let levels = EVENT_TYPES.iter().flat_map(|(_, events)| *events).flat_map(|(_, levels)| *levels);
    assert_eq!(levels.max(), Some(&FEATURE_LEVEL));
    let at_level_1 = EVENT_TYPES.iter().flat_map(|(_, events)| *events).filter(|(_, levels)| levels[0] == 1);
    assert_eq!(at_level_1.count(), 39, "a new type gets the next level, not 1");
}

#[test]
fn an_unknown_event_is_of_a_newer_portal() {
    assert!(is_newer("org", "OrgMerged", "1"));
    assert!(is_newer("org", "SuperadminGranted", "1"));
    assert!(is_newer("robot", "OrgReinstated", "1"));
    let told = AnyEvent::decode("org", ID, "OrgMerged", "1", "{}").expect_err("unknown").to_string();
    assert_eq!(told, "OrgMerged version 1 of org is unknown here; a newer portal wrote it");
}

#[test]
fn an_unknown_version_is_of_a_newer_portal_whatever_it_holds() {
    for version in ["2", "10", "4294967296", "1.1", "", "0"] {
        assert!(is_newer("org", "OrgReinstated", version), "{version}");
    }
}

#[test]
fn what_is_not_the_event_is_damaged() {
    let others =
        ["", "{", "null", "[]", r#"{"OrgArchived":{}}"#, r#"{"OrgSuspended":{}}"#, "\"OrgSuspended\""];
    for payload in others {
        assert!(is_damaged(ID, "OrgSuspended", payload), "{payload}");
    }
    let two = r#"{"OrgReinstated":{},"OrgProtected":{}}"#;
    assert!(is_damaged(ID, "OrgReinstated", two));
}

#[test]
fn text_after_the_event_is_damage() {
    assert!(!is_damaged(ID, "OrgReinstated", "{\"OrgReinstated\":{}} \n"));
    assert!(is_damaged(ID, "OrgReinstated", "{\"OrgReinstated\":{}}}"));
    assert!(is_damaged(ID, "OrgReinstated", "{\"OrgReinstated\":{}}{\"OrgReinstated\":{}}"));
}

#[test]
fn the_payload_of_another_event_is_damage() {
    assert!(is_damaged(ID, "OrgReinstated", r#"{"OrgProtected":{}}"#));
    let why =
        AnyEvent::decode("org", ID, "OrgReinstated", "1", r#"{"OrgProtected":{}}"#).expect_err("another");
    assert_eq!(why.to_string(), "OrgReinstated of org can't be read: the payload is of OrgProtected");
}

#[test]
fn an_aggregate_that_is_no_uuid_is_damage() {
    assert!(is_damaged("acme", "OrgReinstated", r#"{"OrgReinstated":{}}"#));
}

#[test]
fn what_a_newer_portal_added_to_an_event_is_left_aside() {
    let payload = r#"{"OrgReinstated":{"note":"added later"}}"#;
    let fact = AnyEvent::decode("org", ID, "OrgReinstated", "1", payload);
    assert_eq!(fact, Ok(AnyEvent::Org(OrgId(id(1)), OrgEvent::Lifecycle(LifecycleEvent::OrgReinstated {}))));
}

/// What each line of `fixtures/events/org.jsonl` means today.
fn org_events() -> Vec<OrgEvent> {
    use ChoiceEvent as C;
    use InvitationEvent as I;
    use LifecycleEvent as L;
    use MemberEvent as M;
    use RoleEvent as R;
    let (unpaid, invitation, person) =
        (reason("Unpaid since May\nTwo reminders"), invitation(), PersonId(id(2)));
    let invited = |role| -> OrgEvent {
        I::MemberInvited { invitation, person, role, expires_at: time("2026-07-08T09:30:00Z") }.into()
    };
    let clerk: RoleName = "schriftführer".parse().expect("a role");
    let (code, actions): (ResourceCode, _) =
        ("project".parse().expect("a code"), Actions::of([Action::List, Action::Read]).expect("actions"));
    vec![
        L::OrgCreated { name: name("Ünï & Söhne"), slug: slug("uni-sohne") }.into(),
        renamed("Acme"),
        slug_changed("acme"),
        L::OrgSuspended { reason: unpaid.clone() }.into(),
        L::OrgReinstated {}.into(),
        L::OrgArchived { reason: reason("Contract ended") }.into(),
        L::OrgRestored { suspended: None }.into(),
        L::OrgRestored { suspended: Some(unpaid) }.into(),
        L::OrgProtected {}.into(),
        L::OrgUnprotected {}.into(),
        invited(Role::Owner),
        invited(Role::Admin),
        invited(Role::Member),
        I::InvitationRenewed { invitation, expires_at: time("2026-07-15T09:30:00.123456Z") }.into(),
        I::InvitationWithdrawn { invitation }.into(),
        I::MemberJoined { invitation, person, role: Role::Owner }.into(),
        L::OrgReinstatementScheduled { at: time("2026-07-08T09:45:00Z") }.into(),
        L::OrgSuspensionConfirmed {}.into(),
        C::ResourceTypeChosen { code: "project".parse().expect("a code"), choice: ResourceChoice::OptedIn }
            .into(),
        C::ResourceTypeChosen {
            code: "crm.deal_2".parse().expect("a code"),
            choice: ResourceChoice::OptedOut,
        }
        .into(),
        C::ResourceTypeChoiceDropped { code: "project".parse().expect("a code") }.into(),
        R::RoleAdded { role: clerk.clone() }.into(),
        R::RoleRemoved { role: clerk.clone() }.into(),
        R::PermissionsGranted {
            role: Role::Custom(clerk.clone()),
            code: code.clone(),
            actions: actions.clone(),
        }
        .into(),
        R::PermissionsGranted { role: Role::Member, code: code.clone(), actions: actions.clone() }.into(),
        R::PermissionsWithdrawn { role: Role::Admin, code, actions }.into(),
        invited(Role::Custom(clerk.clone())),
        M::MemberRoleChanged { person, role: Role::Custom(clerk) }.into(),
        M::MemberRemoved { person }.into(),
        M::MemberLeft { person }.into(),
        M::MemberReadmitted { person, role: Role::Owner }.into(),
    ]
}

/// What each line of `fixtures/events/grant.jsonl` means today.
fn grant_events() -> Vec<GrantEvent> {
    use GrantEvent as E;
    use PlatformRole::{Auditor, Superadmin};
    let (monday, next) = (time("2026-07-06T08:00:00Z"), time("2026-07-13T08:00:00Z"));
    let (on_call, audit) = (reason("On call this month"), reason("Yearly audit"));
    let request = RequestId(id(4));
    let requested = |role, reason, term| {
        let (by, person) = (PersonId(id(2)), PersonId(id(1)));
        E::GrantRequested { request, role, reason, term, by, person }
    };
    let revoked = |why, replaced| Revoked { reason: reason(why), for_good: false, replaced };
    vec![
        E::SuperadminGranted(Granted::for_good(on_call.clone())),
        E::SuperadminRevoked(Revoked::for_good(reason("On call no more"))),
        E::AuditorGranted(Granted::for_good(audit.clone())),
        E::AuditorRevoked(Revoked::for_good(reason("The audit is done"))),
        E::SuperadminGranted(Granted {
            from: Some(monday),
            until: Some(next),
            ..Granted::for_good(reason("On call this week"))
        }),
        E::SuperadminGranted(Granted { request: Some(request), ..Granted::for_good(on_call.clone()) }),
        E::SuperadminRevoked(revoked("On call for longer", true)),
        E::SuperadminStarted { until: None },
        E::SuperadminStarted { until: Some(next) },
        E::SuperadminExpired { until: next },
        E::AuditorGranted(Granted {
            until: Some(time("2026-07-13T08:00:00.123456Z")),
            ..Granted::for_good(audit.clone())
        }),
        E::AuditorRevoked(revoked("The audit is done", false)),
        E::AuditorStarted { until: Some(next) },
        E::AuditorExpired { until: next },
        requested(Superadmin, on_call, Term::FOR_GOOD),
        requested(Auditor, audit, Term { from: Some(monday), end: End::At(next) }),
        requested(Superadmin, reason("A look at one order"), Term::for_seconds(28_800)),
        E::RequestDeclined { request, role: Superadmin, reason: reason("An auditor can see that") },
        E::RequestWithdrawn { request, role: Superadmin },
    ]
}

/// What each line of `fixtures/events/resource_type.jsonl` means today.
fn resource_type_events() -> Vec<ResourceTypeEvent> {
    use ResourceTypeEvent as E;
    let definition = Definition {
        label: "Project".parse().expect("a label"),
        description: "What people work on together".parse().expect("a description"),
        actions: Actions::of([Action::Create, Action::List, Action::Read]).expect("actions"),
        spread: RolloutPolicy::NewOnly,
    };
    let all = Actions::of(Action::ALL).expect("actions");
    let nothing_said = Definition {
        description: "".parse().expect("none"),
        spread: RolloutPolicy::OptIn,
        ..definition.clone()
    };
    vec![
        E::ResourceTypeDefined(definition),
        E::ResourceTypeDefined(nothing_said),
        E::ResourceTypeRelabelled { label: "Projekt".parse().expect("a label") },
        E::ResourceTypeDescribed {
            description: "In two lines:\nthis is the second".parse().expect("a description"),
        },
        E::ResourceTypeActionsSet { actions: all },
        E::ResourceTypeSpreadChanged { spread: RolloutPolicy::Everywhere, since: None },
        E::ResourceTypeDeactivated { reason: reason("Nobody uses it") },
        E::ResourceTypeReactivated {},
        E::ResourceTypeSpreadChanged { spread: RolloutPolicy::NewOnly, since: Some(12) },
    ]
}

/// A new event does not compile until it is here; then `every_event_has_an_example` wants the next number.
fn number_of_grant_event(event: &GrantEvent) -> usize {
    match event {
        GrantEvent::SuperadminGranted(_) => 0,
        GrantEvent::SuperadminRevoked(_) => 1,
        GrantEvent::SuperadminStarted { .. } => 2,
        GrantEvent::SuperadminExpired { .. } => 3,
        GrantEvent::AuditorGranted(_) => 4,
        GrantEvent::AuditorRevoked(_) => 5,
        GrantEvent::AuditorStarted { .. } => 6,
        GrantEvent::AuditorExpired { .. } => 7,
        GrantEvent::GrantRequested { .. } => 8,
        GrantEvent::RequestDeclined { .. } => 9,
        GrantEvent::RequestWithdrawn { .. } => 10,
    }
}

fn number_of_resource_type_event(event: &ResourceTypeEvent) -> usize {
    match event {
        ResourceTypeEvent::ResourceTypeDefined(_) => 0,
        ResourceTypeEvent::ResourceTypeRelabelled { .. } => 1,
        ResourceTypeEvent::ResourceTypeDescribed { .. } => 2,
        ResourceTypeEvent::ResourceTypeActionsSet { .. } => 3,
        ResourceTypeEvent::ResourceTypeSpreadChanged { .. } => 4,
        ResourceTypeEvent::ResourceTypeDeactivated { .. } => 5,
        ResourceTypeEvent::ResourceTypeReactivated {} => 6,
    }
}

fn lines(fixture: &str) -> impl Iterator<Item = Line<'_>> {
    fixture.lines().map(|line| serde_json::from_str(line).expect(line))
}

fn facts_of(aggregate: &str, fixture: &str) -> Vec<AnyEvent> {
    let read =
        |line: Line| AnyEvent::decode(aggregate, ID, line.event_type, line.event_version, line.payload.get());
    lines(fixture).map(read).collect::<Result<_, _>>().expect("an old example reads")
}

/// Reads payloads as JSON values, as they come from a database that has parsed them.
fn events_of<A: Aggregate<Event: DeserializeOwned>>(fixture: &str) -> Vec<A::Event> {
    let value =
        |line: &Line| -> serde_json::Value { serde_json::from_str(line.payload.get()).expect("JSON") };
    let read = |line: Line| event::decode::<A, _>(line.event_type, line.event_version, value(&line));
    lines(fixture).map(read).collect::<Result<_, _>>().expect("an old example reads")
}

/// The kinds of events that have an example in today's version, which must be written exactly so today.
fn newest<E: DomainEvent>(fixture: &str, events: &[E]) -> BTreeSet<(String, String)> {
    let of_today = |(line, event): &(Line, &E)| line.event_version == event.event_version();
    let kind_of = |(line, event): (Line, &E)| {
        assert_eq!(line.payload.get(), serde_json::to_string(event).expect("an event is plain values"));
        kind(event)
    };
    lines(fixture).zip(events).filter(of_today).map(kind_of).collect()
}

fn kind<E: DomainEvent>(event: &E) -> (String, String) {
    (event.event_type(), event.event_version())
}

/// The newest version of each event, by [`EVENT_TYPES`].
fn kinds<A: Aggregate>() -> BTreeSet<(String, String)> {
    let of_aggregate = EVENT_TYPES.iter().filter(|(aggregate, _)| *aggregate == A::TYPE);
    of_aggregate
        .flat_map(|(_, events)| *events)
        .map(|(name, versions)| ((*name).to_owned(), versions.len().to_string()))
        .collect()
}

fn is_newer(aggregate: &str, event_type: &str, version: &str) -> bool {
    matches!(AnyEvent::decode(aggregate, ID, event_type, version, "{"), Err(Unreadable::Newer { .. }))
}

fn is_damaged(id: &str, event_type: &str, payload: &str) -> bool {
    matches!(AnyEvent::decode("org", id, event_type, "1", payload), Err(Unreadable::Damaged { .. }))
}

fn id(last: u128) -> Uuid {
    Uuid::from_u128(0x0197_c8a0_0000_7000_8000_0000_0000_0000 + last)
}

fn invitation() -> InvitationId {
    InvitationId(id(3))
}

fn time(text: &str) -> chrono::DateTime<chrono::Utc> {
    text.parse().expect("a time after RFC 3339")
}
