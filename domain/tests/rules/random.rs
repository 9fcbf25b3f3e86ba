//! Random histories: properties that hold whatever commands are given, in whatever order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::grant::{End, GrantCommand, GrantEvent, PlatformRole, Term};
use domain::org::{
    Invitation, InvitationCommand, InvitationEvent, InvitationOutcome, Invitee, LifecycleCommand,
    LifecycleEvent, MemberCommand, Org, OrgCommand as C, OrgError, OrgEvent, Permission, Profile, Role,
    RoleCommand,
};
use domain::resource_type::{Action, ResourceChoice};
use domain::values::{InvitationId, PersonId, Reason, RoleName, Slug};
use domain::{Constraint, Decider, Grant};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::acme::{archive, choose, clerk, name, project, rename, slug, suspend};
use crate::{day, invitation, person, reason, request};

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_org_answers_whatever_is_ordered(orders in org_orders()) {
        live::<Org>(orders, |_, _| {});
    }

    #[test]
    fn an_org_never_loses_its_last_owner(orders in org_orders()) {
        let mut owned = false;
        live::<Org>(orders, |org, _| {
            let owners = profile(org).members.values().filter(|role| **role == Role::Owner).count();
            assert!(!owned || owners > 0);
            owned = owners > 0;
        });
    }

    #[test]
    fn a_grant_answers_whatever_is_ordered(orders in vec(grant_order(), 0..20)) {
        live::<Grant>(orders, |_, _| {});
    }

    #[test]
    fn what_is_ordered_twice_in_a_row_happens_once(orders in org_orders()) {
        let mut org = Org::Unborn;
        for order in orders {
            let first = obey(&mut org, &order);
            let expected = match (&order, &first) {
                (_, Err(_)) | (C::Invitation(InvitationCommand::RenewInvitation { .. }), Ok(_)) => first,
                (C::Lifecycle(LifecycleCommand::Create { .. }), Ok(_)) => Err(OrgError::AlreadyExists),
                (C::Role(RoleCommand::AddRole { .. }), Ok(_)) => Err(OrgError::RoleExists),
                (C::Invitation(InvitationCommand::AcceptInvitation { .. }), Ok(_)) => Err(OrgError::InvitationUsed),
                (_, Ok(_)) => Ok(vec![]),
            };
            prop_assert_eq!(org.decide(order), expected);
        }
    }

    #[test]
    fn a_grant_that_is_ordered_twice_in_a_row_happens_once(orders in vec(grant_order(), 0..20)) {
        let mut grant = Grant::default();
        for order in orders {
            let expected = obey(&mut grant, &order).map(|_| vec![]);
            prop_assert_eq!(grant.decide(order), expected);
        }
    }

    #[test]
    fn a_person_counts_as_one_superadmin_or_none(orders in vec(grant_order(), 0..40)) {
        let mut count = 0;
        live::<Grant>(orders, |grant, event| {
            count += counted(event);
            let revoke = GrantCommand::Revoke { role: PlatformRole::Superadmin, reason: reason("To see whether") };
            let ends = grant.decide(revoke).unwrap_or_default().iter().map(counted).sum::<i64>();
            assert_eq!(count, -ends);
            assert!((0..=1).contains(&count));
        });
    }

    #[test]
    fn somebody_stands_for_good_whatever_is_ordered_of_whom(
        orders in vec((0_usize..3, grant_order()), 0..60)
    ) {
        let (mut people, mut guard) = ([Grant::default(), Grant::default(), Grant::default()], 0);
        for (who, order) in orders {
            let events = people[who].decide(order).unwrap_or_default();
            let Some(count) = let_through(guard, &events) else { continue };
            prop_assert!(count >= 1 || guard == 0);
            guard = count;
            for event in events {
                people[who].apply(event);
            }
            let stand = people.iter().filter(|grant| stands_for_good(grant)).count();
            prop_assert_eq!(i64::try_from(stand), Ok(guard));
        }
    }

    #[test]
    fn time_alone_takes_nobody_who_counts(orders in vec(grant_order(), 0..40), at in a_time()) {
        let mut grant = Grant::default();
        for order in orders {
            let _refused_or_not = obey(&mut grant, &order);
        }
        for role in PlatformRole::ALL {
            let expired = grant.decide(GrantCommand::Expire { role, at }).expect("time is never refused");
            prop_assert_eq!(expired.iter().map(counted).sum::<i64>(), 0);
        }
    }

    #[test]
    fn nobody_approves_what_they_asked_for_or_get(orders in vec(grant_order(), 0..40)) {
        let mut grant = Grant::default();
        for order in orders {
            let before = grant.clone();
            let approved = obey(&mut grant, &order).is_ok_and(|events| !events.is_empty());
            if let (GrantCommand::Approve { request, by, .. }, true) = (order, approved) {
                let (_, asked) = before.requests().iter().find(|(id, _)| *id == request).expect("was asked");
                prop_assert!(by != asked.by && by != asked.person);
            }
        }
    }

    #[test]
    fn nobody_has_two_open_invitations(orders in org_orders()) {
        live::<Org>(orders, |org, _| {
            let open: Vec<_> = invited(org, InvitationOutcome::Open);
            assert_eq!(open.iter().collect::<BTreeSet<_>>().len(), open.len());
        });
    }

    #[test]
    fn whoever_belongs_to_it_or_was_removed_accepted_an_invitation(orders in org_orders()) {
        live::<Org>(orders, |org, event| {
            let accepted: BTreeMap<_, _> = invited(org, InvitationOutcome::Accepted).into_iter().collect();
            let profile = profile(org);
            let mut people = profile.members.keys().chain(profile.removed.keys());
            assert!(people.all(|person| accepted.contains_key(person)));
            assert!(profile.removed.keys().all(|person| !profile.members.contains_key(person)));
            if let OrgEvent::Invitation(InvitationEvent::MemberJoined { person, role, .. }) = event {
                assert_eq!(profile.members.get(person), Some(role));
            }
        });
    }

    #[test]
    fn a_settled_invitation_stays_as_it_is(orders in org_orders()) {
        let mut before = vec![];
        live::<Org>(orders, |org, _| {
            let now = settled(org);
            assert!(before.iter().all(|invitation| now.contains(invitation)));
            before = now;
        });
    }

    #[test]
    fn what_was_archived_is_restored_as_it_was(orders in org_orders()) {
        let (mut before, mut when_archived) = (Org::Unborn, Org::Unborn);
        live::<Org>(orders, |org, event| {
            if let OrgEvent::Lifecycle(LifecycleEvent::OrgArchived { .. }) = event {
                when_archived = before.clone();
            }
            if let OrgEvent::Lifecycle(LifecycleEvent::OrgRestored { suspended }) = event {
                assert_eq!((org, suspended.as_ref()), (&when_archived, suspension(org)));
            }
            before = org.clone();
        });
    }
}

/// Gives every command to `A`, asserts what must hold for any aggregate, and shows each event with the state after it.
fn live<A>(orders: Vec<A::Command>, mut look: impl FnMut(&A, &A::Event))
where
    A: Decider<Event: DeserializeOwned> + Clone + PartialEq + Debug + DeserializeOwned,
    A::Error: PartialEq,
    A::Command: PartialEq + Debug,
{
    let mut state = A::default();
    for order in orders {
        let before = state.clone();
        let answer = state.decide(order.clone());
        assert_eq!(state.decide(order.clone()), answer, "the same twice");
        assert_eq!(state, before, "deciding changes nothing");
        for event in answer.unwrap_or_default() {
            state.apply(event.clone());
            assert_eq!(through_json(&event), event);
            look(&state, &event);
        }
        assert_eq!(through_json(&state), state);
    }
}

fn through_json<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).expect("plain values");
    serde_json::from_str(&text).expect("what was written is read")
}

/// Decides on a command and applies the events.
fn obey<A: Decider>(state: &mut A, order: &A::Command) -> Result<Vec<A::Event>, A::Error> {
    let events = state.decide(order.clone())?;
    events.iter().cloned().for_each(|event| state.apply(event));
    Ok(events)
}

fn profile(org: &Org) -> &Profile {
    match org {
        Org::Unborn => panic!("an event of an organisation brings it to life"),
        Org::Active(profile) | Org::Suspended(profile, _) => profile,
        Org::Archived(before) => profile(before),
    }
}

fn suspension(org: &Org) -> Option<&Reason> {
    match org {
        Org::Suspended(_, reason) => Some(reason),
        Org::Unborn | Org::Active(_) | Org::Archived(_) => None,
    }
}

fn invited(org: &Org, outcome: InvitationOutcome) -> Vec<(PersonId, Role)> {
    let such = profile(org).invitations.iter().filter(|(_, invitation)| invitation.outcome == outcome);
    such.map(|(_, invitation)| (invitation.person, invitation.role.clone())).collect()
}

fn settled(org: &Org) -> Vec<(InvitationId, Invitation)> {
    let all = profile(org).invitations.iter().map(|(id, invitation)| (id, invitation.clone()));
    all.filter(|(_, invitation)| invitation.outcome != InvitationOutcome::Open).collect()
}

/// Half of the histories begin by creating an organisation, since otherwise little would happen.
pub(crate) fn org_orders() -> impl Strategy<Value = Vec<C>> {
    let created = vec![create(slug("acme"), None)];
    (select(vec![vec![], created]), vec(org_order(), 0..60)).prop_map(|(first, then)| [first, then].concat())
}

/// Most commands are about people, of whom there are few, so that commands meet. Stopped organisations soon go on.
fn org_order() -> impl Strategy<Value = C> {
    prop_oneof![
        2 => (a_slug(), proptest::option::of(an_invitee())).prop_map(|(slug, owner)| create(slug, owner)),
        1 => select(vec!["Acme", "Apex", "日本電気"]).prop_map(rename),
        1 => a_slug().prop_map(|slug| C::Lifecycle(LifecycleCommand::ChangeSlug { slug })),
        1 => a_confirmation().prop_map(suspend),
        1 => a_confirmation().prop_map(archive),
        8 => select(vec![C::Lifecycle(LifecycleCommand::Reinstate), C::Lifecycle(LifecycleCommand::Restore)]),
        2 => a_time().prop_map(|at| C::Lifecycle(LifecycleCommand::ReinstateOnTime { at })),
        2 => select(vec![None, Some(ResourceChoice::OptedIn), Some(ResourceChoice::OptedOut)]).prop_map(choose),
        2 => a_role_name().prop_map(|role| C::Role(RoleCommand::AddRole { role, permissions: BTreeMap::new() })),
        1 => a_role_name().prop_map(|role| C::Role(RoleCommand::RemoveRole { role })),
        3 => (permissions(), permissions()).prop_map(|(granted, withdrawn)| C::Role(RoleCommand::SetPermissions { granted, withdrawn })),
        2 => a_time().prop_map(|signed_in_at| C::Lifecycle(LifecycleCommand::ConfirmSuspension { signed_in_at })),
        2 => select(vec![C::Lifecycle(LifecycleCommand::Protect), C::Lifecycle(LifecycleCommand::Unprotect)]),
        6 => an_invitee().prop_map(|invitee| C::Invitation(InvitationCommand::Invite(invitee))),
        4 => (an_invitation(), a_time()).prop_map(|(invitation, expires_at)| C::Invitation(InvitationCommand::RenewInvitation { invitation, expires_at })),
        3 => an_invitation().prop_map(|invitation| C::Invitation(InvitationCommand::WithdrawInvitation { invitation })),
        6 => a_member_order().prop_map(C::Member),
        9 => (an_invitation(), 1_u128..5, a_time())
            .prop_map(|(invitation, who, at)| C::Invitation(InvitationCommand::AcceptInvitation { invitation, person: person(who), at })),
    ]
}

fn a_member_order() -> impl Strategy<Value = MemberCommand> {
    use MemberCommand as M;
    let who = || (1_u128..5).prop_map(person);
    let role = select(vec![Role::Owner, Role::Admin, Role::Member]);
    prop_oneof![
        3 => (who(), role).prop_map(|(person, role)| M::ChangeRole { person, role }),
        2 => who().prop_map(|person| M::RemoveMember { person }),
        1 => who().prop_map(|person| M::Leave { person }),
        2 => who().prop_map(|person| M::ReadmitMember { person }),
    ]
}

fn create(slug: Slug, owner: Option<Invitee>) -> C {
    C::Lifecycle(LifecycleCommand::Create { name: name("Acme"), slug, owner })
}

fn a_slug() -> impl Strategy<Value = Slug> {
    select(vec!["acme", "apex"]).prop_map(slug)
}

fn a_confirmation() -> impl Strategy<Value = Option<&'static str>> {
    select(vec![None, Some("acme"), Some("apex")])
}

fn an_invitee() -> impl Strategy<Value = Invitee> {
    (an_invitation(), 1_u128..5, a_role(), a_time()).prop_map(|(invitation, who, role, expires_at)| Invitee {
        invitation,
        person: person(who),
        role,
        expires_at,
    })
}

fn a_role_name() -> impl Strategy<Value = RoleName> {
    select(vec![clerk(), "bookkeeper".parse().expect("a name")])
}

fn a_role() -> impl Strategy<Value = Role> {
    prop_oneof![3 => select(Role::BUILT_IN.to_vec()), 1 => a_role_name().prop_map(Role::Custom)]
}

fn permissions() -> impl Strategy<Value = BTreeSet<Permission>> {
    let one = (a_role(), select(Action::ALL.to_vec()));
    let one = one.prop_map(|(role, action)| Permission { role, code: project(), action });
    proptest::collection::btree_set(one, 0..4)
}

fn an_invitation() -> impl Strategy<Value = InvitationId> {
    (1_u128..9).prop_map(invitation)
}

/// A time within ten days, so that some invitations expire before they are accepted.
fn a_time() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..10).prop_map(day)
}

pub(crate) fn grant_order() -> impl Strategy<Value = GrantCommand> {
    use GrantCommand as G;
    let role = || select(PlatformRole::ALL.to_vec());
    let why = || reason("On call this month");
    let request = || (1_u128..5).prop_map(request);
    let somebody = || (1_u128..4).prop_map(person);
    prop_oneof![
        4 => (role(), a_term(), a_time()).prop_map(move |(role, term, at)| G::Give { role, reason: why(), term, at }),
        3 => role().prop_map(move |role| G::Revoke { role, reason: why() }),
        3 => (request(), role(), a_term(), somebody(), a_time()).prop_map(move |(request, role, term, by, at)| {
            G::Request { request, role, reason: why(), term, by, person: person(3), at }
        }),
        4 => (request(), somebody(), a_time()).prop_map(|(request, by, at)| G::Approve { request, by, at }),
        1 => request().prop_map(move |request| G::Decline { request, reason: why() }),
        1 => (request(), somebody()).prop_map(|(request, by)| G::Withdraw { request, by }),
        2 => (role(), a_time()).prop_map(|(role, at)| G::Start { role, at }),
        2 => (role(), a_time()).prop_map(|(role, at)| G::Expire { role, at }),
    ]
}

fn a_term() -> impl Strategy<Value = Term> {
    let end = prop_oneof![
        Just(End::Never),
        a_time().prop_map(End::At),
        (0_i64..5).prop_map(|days| End::AfterSeconds(days * 86_400)),
    ];
    (proptest::option::of(a_time()), end).prop_map(|(from, end)| Term { from, end })
}

/// What an event adds to the number of permanent superadmins.
fn counted(event: &GrantEvent) -> i64 {
    let of = |constraint| match constraint {
        Constraint::Guard { delta, .. } => delta,
        Constraint::Claim { .. } => panic!("{constraint:?}"),
    };
    Grant::constraints(event).into_iter().map(of).sum()
}

/// The count after these events, if the guard allows them.
fn let_through(mut count: i64, events: &[GrantEvent]) -> Option<i64> {
    for event in events {
        count += counted(event);
        if counted(event) < 0 && count < 1 {
            return None;
        }
    }
    Some(count)
}

fn stands_for_good(grant: &Grant) -> bool {
    let revoke = GrantCommand::Revoke { role: PlatformRole::Superadmin, reason: reason("To see whether") };
    grant.decide(revoke).is_ok_and(|events| events.iter().map(counted).sum::<i64>() < 0)
}
