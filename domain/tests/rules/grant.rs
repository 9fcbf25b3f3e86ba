//! The rule book of platform roles.

use domain::grant::{GrantCommand, GrantError, GrantEvent, PlatformRole, SUPERADMINS};
use domain::{Constraint, Grant, Rules};

use crate::{given, reason};

const SUPERADMIN: PlatformRole = PlatformRole::Superadmin;
const AUDITOR: PlatformRole = PlatformRole::Auditor;

#[test]
fn a_role_can_be_given_to_somebody_without_any() {
    given(nobody()).when(give(SUPERADMIN)).then([granted(SUPERADMIN)]);
    given(nobody()).when(give(AUDITOR)).then([granted(AUDITOR)]);
}

#[test]
fn giving_twice_is_a_double_click() {
    given([granted(SUPERADMIN)]).when(give(SUPERADMIN)).then_nothing();
    given([granted(AUDITOR)]).when(give(AUDITOR)).then_nothing();
}

#[test]
fn a_role_that_is_held_can_be_revoked() {
    given([granted(SUPERADMIN)]).when(revoke(SUPERADMIN)).then([revoked(SUPERADMIN)]);
    given([granted(AUDITOR)]).when(revoke(AUDITOR)).then([revoked(AUDITOR)]);
}

#[test]
fn revoking_twice_is_a_double_click() {
    given([granted(SUPERADMIN), revoked(SUPERADMIN)]).when(revoke(SUPERADMIN)).then_nothing();
    given([granted(AUDITOR), revoked(AUDITOR)]).when(revoke(AUDITOR)).then_nothing();
}

#[test]
fn revoking_what_was_never_held_is_a_mistake() {
    given(nobody()).when(revoke(SUPERADMIN)).then_refused(GrantError::NotHeld);
    given(nobody()).when(revoke(AUDITOR)).then_refused(GrantError::NotHeld);
}

#[test]
fn a_revoked_role_can_be_given_again() {
    given([granted(SUPERADMIN), revoked(SUPERADMIN)]).when(give(SUPERADMIN)).then([granted(SUPERADMIN)]);
}

#[test]
fn one_role_says_nothing_about_the_other() {
    given([granted(SUPERADMIN)]).when(give(AUDITOR)).then([granted(AUDITOR)]);
    given([granted(AUDITOR)]).when(revoke(SUPERADMIN)).then_refused(GrantError::NotHeld);
    given([granted(AUDITOR), granted(SUPERADMIN), revoked(AUDITOR)]).when(give(SUPERADMIN)).then_nothing();
}

#[test]
fn superadmins_are_counted_and_auditors_are_not() {
    let count = |delta| vec![Constraint::Guard { name: SUPERADMINS, delta, floor: 1 }];
    assert_eq!(Grant::constraints(&granted(SUPERADMIN)), count(1));
    assert_eq!(Grant::constraints(&revoked(SUPERADMIN)), count(-1));
    assert_eq!(Grant::constraints(&granted(AUDITOR)), []);
    assert_eq!(Grant::constraints(&revoked(AUDITOR)), []);
}

#[test]
fn two_platform_roles_are_never_written_alike() {
    assert_eq!([SUPERADMIN, AUDITOR].map(PlatformRole::as_str), ["superadmin", "auditor"]);
}

fn nobody() -> [GrantEvent; 0] {
    []
}

fn give(role: PlatformRole) -> GrantCommand {
    GrantCommand::Give { role, reason: reason("On call this month") }
}

fn revoke(role: PlatformRole) -> GrantCommand {
    GrantCommand::Revoke { role, reason: reason("On call no more") }
}

fn granted(role: PlatformRole) -> GrantEvent {
    let reason = reason("On call this month");
    match role {
        PlatformRole::Superadmin => GrantEvent::SuperadminGranted { reason },
        PlatformRole::Auditor => GrantEvent::AuditorGranted { reason },
    }
}

fn revoked(role: PlatformRole) -> GrantEvent {
    let reason = reason("On call no more");
    match role {
        PlatformRole::Superadmin => GrantEvent::SuperadminRevoked { reason },
        PlatformRole::Auditor => GrantEvent::AuditorRevoked { reason },
    }
}
