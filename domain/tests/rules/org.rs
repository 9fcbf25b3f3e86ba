//! An organisation's stories; the whole table is in `rule_book.rs`.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use chrono::TimeDelta;
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use domain::org::{
    ChoiceEvent, InvitationCommand, InvitationEvent, Invitee, LifecycleCommand, LifecycleEvent, Org,
    OrgCommand, OrgError, OrgEvent, Role, SECOND_THOUGHTS, SLUGS,
};
use domain::resource_type::ResourceChoice;
use domain::{Constraint, Decider};

use crate::acme::*;
use crate::{Given, day, given, invitation, person, reason};

#[test]
fn a_suspended_org_refuses_a_new_name() {
    given([created("Acme"), suspended()]).when(rename("Apex")).then_refused(OrgError::Suspended);
}

#[test]
fn a_reinstated_org_takes_a_new_name() {
    given([created("Acme"), suspended(), OrgEvent::Lifecycle(LifecycleEvent::OrgReinstated {})])
        .when(rename("Apex"))
        .then([renamed("Apex")]);
}

#[test]
fn the_old_name_can_be_given_back() {
    given([created("Acme"), renamed("Apex")]).when(rename("Acme")).then([renamed("Acme")]);
}

#[test]
fn suspending_again_for_another_reason_keeps_the_first() {
    let reason = reason("Another reason than before");
    given([created("Acme"), suspended()])
        .when(OrgCommand::Lifecycle(LifecycleCommand::Suspend { reason, confirmed: None }))
        .then_nothing();
}

#[test]
fn the_slug_that_confirms_is_the_present_one() {
    let moved = [created("Acme"), OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {}), slug_changed("apex")];
    given(moved.clone()).when(suspend(Some("acme"))).then_refused(OrgError::Protected);
    given(moved).when(suspend(Some("apex"))).then([suspended(), scheduled()]);
}

#[test]
fn only_the_suspension_of_a_protected_org_ends_by_itself() {
    given([created("Acme")]).when(suspend(Some("acme"))).then([suspended()]);
    let on_trial = given([
        created("Acme"),
        OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {}),
        suspended(),
        scheduled(),
    ]);
    let end = day(1) + SECOND_THOUGHTS;
    on_trial
        .when(OrgCommand::Lifecycle(LifecycleCommand::ReinstateOnTime {
            at: end - TimeDelta::nanoseconds(1),
        }))
        .then_refused(OrgError::NotYet);
    on_trial
        .when(OrgCommand::Lifecycle(LifecycleCommand::ReinstateOnTime { at: end }))
        .then([OrgEvent::Lifecycle(LifecycleEvent::OrgReinstated {})]);
    given([created("Acme"), suspended()])
        .when(OrgCommand::Lifecycle(LifecycleCommand::ReinstateOnTime { at: end }))
        .then_nothing();
}

#[test]
fn a_suspension_is_confirmed_from_a_sign_in_that_came_after_it() {
    let confirm = |signed_in_at| OrgCommand::Lifecycle(LifecycleCommand::ConfirmSuspension { signed_in_at });
    let past =
        [created("Acme"), OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {}), suspended(), scheduled()];
    given(past.clone()).when(confirm(day(1))).then_refused(OrgError::OldSignIn);
    let later = day(1) + TimeDelta::nanoseconds(1);
    given(past.clone())
        .when(confirm(later))
        .then([OrgEvent::Lifecycle(LifecycleEvent::OrgSuspensionConfirmed {})]);
    let confirmed =
        given(past.into_iter().chain([OrgEvent::Lifecycle(LifecycleEvent::OrgSuspensionConfirmed {})]));
    confirmed.when(confirm(day(1))).then_nothing();
    confirmed.when(OrgCommand::Lifecycle(LifecycleCommand::ReinstateOnTime { at: day(9) })).then_nothing();
}

#[test]
fn a_timer_ends_with_its_suspension() {
    let past = [
        created("Acme"),
        OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {}),
        suspended(),
        scheduled(),
        OrgEvent::Lifecycle(LifecycleEvent::OrgReinstated {}),
    ];
    let again = given(past.into_iter().chain([suspended()]));
    again.when(OrgCommand::Lifecycle(LifecycleCommand::ReinstateOnTime { at: day(9) })).then_nothing();
}

#[test]
fn an_org_that_was_active_is_restored_as_active() {
    let restored = OrgEvent::Lifecycle(LifecycleEvent::OrgRestored { suspended: None });
    given([created("Acme"), archived()])
        .when(OrgCommand::Lifecycle(LifecycleCommand::Restore))
        .then([restored]);
}

#[test]
fn an_org_that_was_suspended_is_restored_as_suspended() {
    let restored =
        OrgEvent::Lifecycle(LifecycleEvent::OrgRestored { suspended: Some(reason("Unpaid invoice")) });
    given([created("Acme"), suspended(), archived()])
        .when(OrgCommand::Lifecycle(LifecycleCommand::Restore))
        .then([restored]);
}

#[test]
fn a_restored_org_is_what_it_was() {
    let past = [acme(), vec![OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {}), suspended()]].concat();
    let there_and_back = [
        archived(),
        OrgEvent::Lifecycle(LifecycleEvent::OrgRestored { suspended: Some(reason("Unpaid invoice")) }),
    ];
    assert_eq!(given(past.clone()).0, given(past.into_iter().chain(there_and_back)).0);
}

#[test]
fn only_what_lives_can_be_archived_even_in_a_stream_that_nobody_wrote() {
    assert_eq!(given([archived()]).0, Org::Unborn);
    assert_eq!(given([created("Acme"), archived(), archived()]).0, given([created("Acme"), archived()]).0);
}

#[test]
fn what_happened_to_an_archived_org_counts_though_no_rule_writes_it() {
    let restored = OrgEvent::Lifecycle(LifecycleEvent::OrgRestored { suspended: None });
    let past = [created("Acme"), archived(), renamed("Apex"), restored];
    assert_eq!(given(past).0, given([created("Acme"), renamed("Apex")]).0);
}

#[test]
fn the_first_owner_is_invited_as_owner_whatever_the_order_says() {
    let owner = Some(Invitee { role: Role::Member, ..invitee(BO, BO) });
    let create =
        OrgCommand::Lifecycle(LifecycleCommand::Create { name: name("Acme"), slug: slug("acme"), owner });
    given(unborn()).when(create).then([created("Acme"), invited_as(Role::Owner, BO)]);
}

#[test]
fn whoever_accepts_joins_in_the_role_of_the_invitation() {
    let joined = OrgEvent::Invitation(InvitationEvent::MemberJoined {
        invitation: invitation(BO),
        person: person(BO),
        role: Role::Admin,
    });
    given([created("Acme"), invited_as(Role::Admin, BO)]).when(accept(BO, 0)).then([joined]);
}

#[test]
fn nobody_accepts_for_somebody_else() {
    let as_cy = OrgCommand::Invitation(InvitationCommand::AcceptInvitation {
        invitation: invitation(BO),
        person: person(CY),
        at: day(1),
    });
    given(acme()).when(as_cy).then_refused(OrgError::NoSuchInvitation);
}

#[test]
fn an_invitation_ends_at_the_moment_it_names() {
    let org = given(acme());
    let at = |at| {
        OrgCommand::Invitation(InvitationCommand::AcceptInvitation {
            invitation: invitation(BO),
            person: person(BO),
            at,
        })
    };
    org.when(at(day(7) - TimeDelta::nanoseconds(1))).then([joined(BO)]);
    org.when(at(day(7))).then_refused(OrgError::InvitationExpired);
}

#[test]
fn an_expired_invitation_lives_again_when_it_is_renewed() {
    let renewed = OrgEvent::Invitation(InvitationEvent::InvitationRenewed {
        invitation: invitation(BO),
        expires_at: day(20),
    });
    given([created("Acme"), invited(BO), renewed]).when(accept(BO, 19)).then([joined(BO)]);
}

#[test]
fn every_renewal_makes_a_new_link() {
    let renewed = OrgEvent::Invitation(InvitationEvent::InvitationRenewed {
        invitation: invitation(BO),
        expires_at: day(14),
    });
    given([created("Acme"), invited(BO), renewed.clone()]).when(renew(BO)).then([renewed]);
}

#[test]
fn a_link_that_was_used_works_for_nobody() {
    given([created("Acme"), invited(BO), joined(BO)])
        .when(accept(BO, 1))
        .then_refused(OrgError::InvitationUsed);
}

#[test]
fn an_invitation_from_before_a_suspension_works_after_it() {
    let past =
        [created("Acme"), invited(BO), suspended(), OrgEvent::Lifecycle(LifecycleEvent::OrgReinstated {})];
    given(past).when(accept(BO, 1)).then([joined(BO)]);
}

#[test]
fn who_was_withdrawn_can_be_invited_again_in_another_role() {
    let again = Invitee { role: Role::Admin, ..invitee(9, CY) };
    let Invitee { invitation, person, role, expires_at } = again.clone();
    given(acme()).when(OrgCommand::Invitation(InvitationCommand::Invite(again))).then([
        OrgEvent::Invitation(InvitationEvent::MemberInvited { invitation, person, role, expires_at }),
    ]);
}

#[test]
fn the_same_invitation_in_another_role_is_another_invitation() {
    let other = Invitee { role: Role::Admin, ..invitee(BO, BO) };
    given(acme())
        .when(OrgCommand::Invitation(InvitationCommand::Invite(other)))
        .then_refused(OrgError::InvitationExists);
}

#[test]
fn a_choice_survives_until_it_is_dropped() {
    let chosen = |choice| {
        OrgEvent::Choice(ChoiceEvent::ResourceTypeChosen { code: "project".parse().expect("a code"), choice })
    };
    let dropped =
        OrgEvent::Choice(ChoiceEvent::ResourceTypeChoiceDropped { code: "project".parse().expect("a code") });
    let out = given([created("Acme"), chosen(ResourceChoice::OptedOut)]);
    out.when(choose(Some(ResourceChoice::OptedOut))).then_nothing();
    out.when(choose(Some(ResourceChoice::OptedIn))).then([chosen(ResourceChoice::OptedIn)]);
    out.when(choose(None)).then([dropped.clone()]);
    given([created("Acme"), chosen(ResourceChoice::OptedOut), dropped]).when(choose(None)).then_nothing();
}

#[test]
fn slugs_are_claimed_and_nothing_else_is() {
    let claim = |slug: &str| vec![Constraint::Claim { namespace: SLUGS, key: slug.to_owned() }];
    assert_eq!(Org::constraints(&created("Acme")), claim("acme"));
    assert_eq!(Org::constraints(&slug_changed("apex")), claim("apex"));
    for event in [renamed("Apex"), suspended(), archived(), invited(BO), joined(BO)] {
        assert_eq!(Org::constraints(&event), []);
    }
}

#[test]
fn a_refusal_leaves_no_trace() {
    let Given(mut org) = given([created("Acme"), suspended()]);
    let (before, sink) = (org.clone(), EventSink::default());
    assert_eq!(now(org.handle(rename("Apex"), &(), &sink)), Err(OrgError::Suspended));
    assert_eq!((now(sink.collect()), org), (vec![], before));
}

#[test]
fn what_was_decided_is_written_and_applied() {
    let (mut org, sink) = (Org::default(), EventSink::default());
    let create = OrgCommand::Lifecycle(LifecycleCommand::Create {
        name: name("Acme"),
        slug: slug("acme"),
        owner: Some(invitee(BO, BO)),
    });
    assert_eq!(now(org.handle(create, &(), &sink)), Ok(()));
    let past = [created("Acme"), invited_as(Role::Owner, BO)];
    assert_eq!((now(sink.collect()), org), (past.to_vec(), given(past).0));
}

#[test]
fn two_roles_are_never_written_alike() {
    assert_eq!(Role::BUILT_IN.each_ref().map(Role::as_str), ["owner", "admin", "member"]);
}

/// Nothing here ever waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the rules wait for nothing"),
    }
}
