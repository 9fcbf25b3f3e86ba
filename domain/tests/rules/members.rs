//! What becomes of those who belong to an organisation: their role, and their going.

use domain::org::{InvitationEvent, MemberCommand, MemberEvent, OrgCommand, OrgError, OrgEvent, Role};

use crate::acme::*;
use crate::{day, given, invitation, person};

/// Ana owns Acme, and Bo is a member.
fn with_bo() -> Vec<OrgEvent> {
    let owner =
        InvitationEvent::MemberJoined { invitation: invitation(ANA), person: person(ANA), role: Role::Owner };
    vec![created("Acme"), invited_as(Role::Owner, ANA), owner.into(), invited(BO), joined(BO)]
}

fn and(events: impl IntoIterator<Item = MemberEvent>) -> Vec<OrgEvent> {
    with_bo().into_iter().chain(events.into_iter().map(OrgEvent::from)).collect()
}

fn change(who: u128, role: Role) -> OrgCommand {
    MemberCommand::ChangeRole { person: person(who), role }.into()
}

fn remove(who: u128) -> OrgCommand {
    MemberCommand::RemoveMember { person: person(who) }.into()
}

fn leave(who: u128) -> OrgCommand {
    MemberCommand::Leave { person: person(who) }.into()
}

fn readmit(who: u128) -> OrgCommand {
    MemberCommand::ReadmitMember { person: person(who) }.into()
}

fn changed(who: u128, role: Role) -> MemberEvent {
    MemberEvent::MemberRoleChanged { person: person(who), role }
}

fn removed(who: u128) -> MemberEvent {
    MemberEvent::MemberRemoved { person: person(who) }
}

#[test]
fn a_member_gets_another_role() {
    given(with_bo()).when(change(BO, Role::Admin)).then([changed(BO, Role::Admin).into()]);
    given(with_bo()).when(change(BO, Role::Member)).then_nothing();
    given(with_bo()).when(change(DEE, Role::Admin)).then_refused(OrgError::NotMember);
    given(with_bo()).when(change(BO, Role::Custom(clerk()))).then_refused(OrgError::NoSuchRole);
}

#[test]
fn a_member_is_removed_once() {
    given(with_bo()).when(remove(BO)).then([removed(BO).into()]);
    given(and([removed(BO)])).when(remove(BO)).then_nothing();
    given(and([removed(BO)])).when(change(BO, Role::Admin)).then_refused(OrgError::NotMember);
}

#[test]
fn a_member_leaves_by_their_own_decision() {
    let left = MemberEvent::MemberLeft { person: person(BO) };
    given(with_bo()).when(leave(BO)).then([left.clone().into()]);
    given(and([left])).when(leave(BO)).then_nothing();
}

#[test]
fn the_last_owner_stays_one() {
    for order in [change(ANA, Role::Admin), remove(ANA), leave(ANA)] {
        given(with_bo()).when(order.clone()).then_refused(OrgError::LastOwner);
        given(and([changed(BO, Role::Owner)])).when(order.clone()).then_something();
        given(and([changed(BO, Role::Owner), removed(BO)])).when(order).then_refused(OrgError::LastOwner);
    }
}

#[test]
fn whoever_was_removed_is_let_in_again_as_what_they_were() {
    let clerks = OrgEvent::from(domain::org::RoleEvent::RoleAdded { role: clerk() });
    let past: Vec<OrgEvent> = with_bo()
        .into_iter()
        .chain([clerks, changed(BO, Role::Custom(clerk())).into(), removed(BO).into()])
        .collect();
    let back = MemberEvent::MemberReadmitted { person: person(BO), role: Role::Custom(clerk()) };
    given(past.clone()).when(readmit(BO)).then([back.clone().into()]);
    let past = past.into_iter().chain([back.into()]);
    given(past).when(readmit(BO)).then_nothing();
    given(with_bo()).when(readmit(DEE)).then_refused(OrgError::NotMember);
    let left = MemberEvent::MemberLeft { person: person(BO) };
    given(and([left])).when(readmit(BO)).then_refused(OrgError::NotMember);
}

#[test]
fn whoever_was_removed_can_be_invited_again() {
    given(and([removed(BO)]))
        .when(OrgCommand::from(domain::org::InvitationCommand::Invite(invitee(9, BO))))
        .then_something();
}

/// Bo was removed and invited anew, and then the removal was taken back.
#[test]
fn an_invitation_does_not_outlive_that_its_invitee_is_let_in_again() {
    let again = OrgEvent::from(InvitationEvent::MemberInvited {
        invitation: invitation(9),
        person: person(BO),
        role: Role::Owner,
        expires_at: day(9),
    });
    let past: Vec<OrgEvent> = and([removed(BO)]).into_iter().chain([again]).collect();
    let withdrawn = OrgEvent::from(InvitationEvent::InvitationWithdrawn { invitation: invitation(9) });
    let back = OrgEvent::from(MemberEvent::MemberReadmitted { person: person(BO), role: Role::Member });
    given(past.clone()).when(readmit(BO)).then([withdrawn, back.clone()]);

    let accept = OrgCommand::from(domain::org::InvitationCommand::AcceptInvitation {
        invitation: invitation(9),
        person: person(BO),
        at: day(1),
    });
    let as_once_stored = past.into_iter().chain([back]);
    given(as_once_stored).when(accept).then_refused(OrgError::AlreadyMember);
}

#[test]
fn a_role_that_somebody_had_can_be_removed_when_they_are_gone() {
    let clerks = OrgEvent::from(domain::org::RoleEvent::RoleAdded { role: clerk() });
    let past: Vec<OrgEvent> =
        with_bo().into_iter().chain([clerks, changed(BO, Role::Custom(clerk())).into()]).collect();
    let drop = OrgCommand::from(domain::org::RoleCommand::RemoveRole { role: clerk() });
    given(past.clone()).when(drop.clone()).then_refused(OrgError::RoleInUse);
    let gone = past.into_iter().chain([removed(BO).into()]).collect::<Vec<_>>();
    given(gone.clone()).when(drop).then_something();
    let role_gone = OrgEvent::from(domain::org::RoleEvent::RoleRemoved { role: clerk() });
    given(gone.into_iter().chain([role_gone])).when(readmit(BO)).then_refused(OrgError::NoSuchRole);
}

#[test]
fn a_closed_organisation_changes_nobody() {
    for (past, refusal) in [(suspended(), OrgError::Suspended), (archived(), OrgError::Archived)] {
        for order in [change(BO, Role::Admin), remove(BO), leave(BO), readmit(BO)] {
            given(with_bo().into_iter().chain([past.clone()])).when(order).then_refused(refusal);
        }
    }
}

#[test]
fn an_admin_touches_no_owner() {
    let org = given(and([changed(BO, Role::Admin)])).0;
    let may = |who, command: MemberCommand| org.may_manage_member(person(who), &command);
    let (owner, dee) = (person(ANA), person(DEE));
    for (command, by_admin) in [
        (MemberCommand::ChangeRole { person: owner, role: Role::Member }, false),
        (MemberCommand::RemoveMember { person: owner }, false),
        (MemberCommand::ChangeRole { person: person(BO), role: Role::Owner }, false),
        (MemberCommand::ChangeRole { person: dee, role: Role::Admin }, true),
        (MemberCommand::RemoveMember { person: dee }, true),
    ] {
        assert!(may(ANA, command.clone()), "an owner may: {command:?}");
        assert_eq!(may(BO, command.clone()), by_admin, "{command:?}");
        assert!(!may(DEE, command), "whoever does not manage may not");
    }
}
