//! Acme and its people: what happened there, and what can be ordered.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::org::{
    ChoiceCommand, Confirmation, InvitationCommand, InvitationEvent, Invitee, LifecycleCommand,
    LifecycleEvent, OrgCommand, OrgEvent, Permission, Role, RoleCommand, RoleEvent,
};
use domain::resource_type::{Action, Actions, ResourceChoice};
use domain::values::{OrgName, ResourceCode, RoleName, Slug};

use crate::{day, invitation, person, reason};

/// Ana belongs to Acme. Everybody's invitation has the number of the person.
pub(crate) const ANA: u128 = 1;
/// Bo is invited.
pub(crate) const BO: u128 = 2;
/// Cy was invited, but the invitation was withdrawn.
pub(crate) const CY: u128 = 3;
/// Dee is unknown to Acme.
pub(crate) const DEE: u128 = 4;

/// An active organisation in which everything has happened that can happen to people.
pub(crate) fn acme() -> Vec<OrgEvent> {
    let withdrawn = OrgEvent::Invitation(InvitationEvent::InvitationWithdrawn { invitation: invitation(CY) });
    let role_added = OrgEvent::Role(RoleEvent::RoleAdded { role: clerk() });
    vec![created("Acme"), invited(ANA), joined(ANA), invited(BO), invited(CY), withdrawn, role_added]
}

pub(crate) fn unborn() -> [OrgEvent; 0] {
    []
}

/// An organisation with this name, and the slug that the name proposes.
pub(crate) fn created(text: &str) -> OrgEvent {
    let slug = Slug::propose(text).expect("a name of these stories proposes a slug");
    OrgEvent::Lifecycle(LifecycleEvent::OrgCreated { name: name(text), slug })
}

pub(crate) fn renamed(text: &str) -> OrgEvent {
    OrgEvent::Lifecycle(LifecycleEvent::OrgRenamed { name: name(text) })
}

pub(crate) fn slug_changed(text: &str) -> OrgEvent {
    OrgEvent::Lifecycle(LifecycleEvent::OrgSlugChanged { slug: slug(text) })
}

pub(crate) fn suspended() -> OrgEvent {
    OrgEvent::Lifecycle(LifecycleEvent::OrgSuspended { reason: reason("Unpaid invoice") })
}

/// The reinstatement is scheduled a quarter of an hour after [`suspend`].
pub(crate) fn scheduled() -> OrgEvent {
    OrgEvent::Lifecycle(LifecycleEvent::OrgReinstatementScheduled { at: day(1) + TimeDelta::minutes(15) })
}

pub(crate) fn archived() -> OrgEvent {
    OrgEvent::Lifecycle(LifecycleEvent::OrgArchived { reason: reason("Contract ended") })
}

pub(crate) fn invited(number: u128) -> OrgEvent {
    invited_as(Role::Member, number)
}

pub(crate) fn invited_as(role: Role, number: u128) -> OrgEvent {
    let Invitee { invitation, person, expires_at, .. } = invitee(number, number);
    OrgEvent::Invitation(InvitationEvent::MemberInvited { invitation, person, role, expires_at })
}

pub(crate) fn joined(number: u128) -> OrgEvent {
    OrgEvent::Invitation(InvitationEvent::MemberJoined {
        invitation: invitation(number),
        person: person(number),
        role: Role::Member,
    })
}

pub(crate) fn invitee(id: u128, who: u128) -> Invitee {
    Invitee { invitation: invitation(id), person: person(who), role: Role::Member, expires_at: day(7) }
}

pub(crate) fn rename(text: &str) -> OrgCommand {
    OrgCommand::Lifecycle(LifecycleCommand::Rename { name: name(text) })
}

pub(crate) fn suspend(confirmed: Option<&str>) -> OrgCommand {
    let confirmed = confirmed.map(|typed| Confirmation { slug: slug(typed), at: day(1) });
    OrgCommand::Lifecycle(LifecycleCommand::Suspend { reason: reason("Unpaid invoice"), confirmed })
}

pub(crate) fn archive(confirmed: Option<&str>) -> OrgCommand {
    OrgCommand::Lifecycle(LifecycleCommand::Archive {
        reason: reason("Contract ended"),
        confirmed: confirmed.map(slug),
    })
}

/// Renews an invitation until day 14.
pub(crate) fn renew(number: u128) -> OrgCommand {
    OrgCommand::Invitation(InvitationCommand::RenewInvitation {
        invitation: invitation(number),
        expires_at: day(14),
    })
}

pub(crate) fn withdraw(number: u128) -> OrgCommand {
    OrgCommand::Invitation(InvitationCommand::WithdrawInvitation { invitation: invitation(number) })
}

pub(crate) fn accept(number: u128, on: i64) -> OrgCommand {
    OrgCommand::Invitation(InvitationCommand::AcceptInvitation {
        invitation: invitation(number),
        person: person(number),
        at: day(on),
    })
}

pub(crate) fn choose(choice: Option<ResourceChoice>) -> OrgCommand {
    OrgCommand::Choice(ChoiceCommand::ChooseResourceType { code: project(), choice })
}

/// A role that Acme made itself.
pub(crate) fn clerk() -> RoleName {
    "clerk".parse().expect("a name")
}

pub(crate) fn project() -> ResourceCode {
    "project".parse().expect("a code")
}

/// The permissions for a role to take these actions with projects.
pub(crate) fn may<const N: usize>(role: &Role, actions: [Action; N]) -> BTreeSet<Permission> {
    let permission = |action| Permission { role: role.clone(), code: project(), action };
    actions.into_iter().map(permission).collect()
}

pub(crate) fn permit<const N: usize>(role: &Role, actions: [Action; N]) -> OrgCommand {
    OrgCommand::Role(RoleCommand::SetPermissions { granted: may(role, actions), withdrawn: BTreeSet::new() })
}

pub(crate) fn forbid<const N: usize>(role: &Role, actions: [Action; N]) -> OrgCommand {
    OrgCommand::Role(RoleCommand::SetPermissions { granted: BTreeSet::new(), withdrawn: may(role, actions) })
}

pub(crate) fn permitted<const N: usize>(role: Role, actions: [Action; N]) -> OrgEvent {
    let actions = Actions::of(actions).expect("some");
    OrgEvent::Role(RoleEvent::PermissionsGranted { role, code: project(), actions })
}

pub(crate) fn forbidden<const N: usize>(role: Role, actions: [Action; N]) -> OrgEvent {
    let actions = Actions::of(actions).expect("some");
    OrgEvent::Role(RoleEvent::PermissionsWithdrawn { role, code: project(), actions })
}

pub(crate) fn name(text: &str) -> OrgName {
    text.parse().expect("the names of these stories are names")
}

pub(crate) fn slug(text: &str) -> Slug {
    text.parse().expect("the slugs of these stories are slugs")
}
