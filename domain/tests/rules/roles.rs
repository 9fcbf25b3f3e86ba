//! Events and orders that the stories of platform roles are told with.

use cqrs_es::DomainEvent;
use domain::grant::{End, GrantCommand as C, GrantEvent, Granted, PlatformRole, Revoked, Term};

use crate::acme::{ANA, BO};
use crate::{day, person, reason, request};

pub(crate) const SUPERADMIN: PlatformRole = PlatformRole::Superadmin;
pub(crate) const AUDITOR: PlatformRole = PlatformRole::Auditor;

pub(crate) fn nobody() -> [GrantEvent; 0] {
    []
}

pub(crate) fn from(begins: i64, end: End) -> Term {
    Term { from: Some(day(begins)), end }
}

pub(crate) fn give(role: PlatformRole, term: Term, at: i64) -> C {
    C::Give { role, reason: reason("On call this month"), term, at: day(at) }
}

pub(crate) fn revoke(role: PlatformRole) -> C {
    C::Revoke { role, reason: reason("On call no more") }
}

/// Asks for a role for Bo.
pub(crate) fn ask(id: u128, role: PlatformRole, term: Term, by: u128, at: i64) -> C {
    let (request, reason, by, person) = (request(id), reason("On call this month"), person(by), person(BO));
    C::Request { request, role, reason, term, by, person, at: day(at) }
}

pub(crate) fn approve(id: u128, by: u128, at: i64) -> C {
    C::Approve { request: request(id), by: person(by), at: day(at) }
}

pub(crate) fn decline(id: u128) -> C {
    C::Decline { request: request(id), reason: reason("Nothing to do there") }
}

pub(crate) fn withdraw(id: u128, by: u128) -> C {
    C::Withdraw { request: request(id), by: person(by) }
}

pub(crate) fn granted(role: PlatformRole) -> GrantEvent {
    of(role, Granted::for_good(reason("On call this month")))
}

pub(crate) fn granted_until(role: PlatformRole, until: i64) -> GrantEvent {
    of(role, Granted { until: Some(day(until)), ..Granted::for_good(reason("On call this month")) })
}

pub(crate) fn granted_from(role: PlatformRole, from: i64, until: Option<i64>) -> GrantEvent {
    let (from, until) = (Some(day(from)), until.map(day));
    of(role, Granted { from, until, ..Granted::for_good(reason("On call this month")) })
}

pub(crate) fn of(role: PlatformRole, granted: Granted) -> GrantEvent {
    match role {
        PlatformRole::Superadmin => GrantEvent::SuperadminGranted(granted),
        PlatformRole::Auditor => GrantEvent::AuditorGranted(granted),
    }
}

/// The same grant, but by approval of request 1.
pub(crate) fn approved(event: GrantEvent) -> GrantEvent {
    let request = Some(request(1));
    let (GrantEvent::SuperadminGranted(granted) | GrantEvent::AuditorGranted(granted)) = &event else {
        panic!("{event:?} grants nothing")
    };
    let role = if event.event_type().starts_with("Super") { SUPERADMIN } else { AUDITOR };
    of(role, Granted { request, ..granted.clone() })
}

pub(crate) fn revoked(role: PlatformRole, for_good: bool) -> GrantEvent {
    taken(role, Revoked { for_good, ..Revoked::for_good(reason("On call no more")) })
}

/// The revocation of a role; `replaced` if the same command gave it again.
pub(crate) fn ended(role: PlatformRole, for_good: bool, replaced: bool) -> GrantEvent {
    taken(role, Revoked { reason: reason("On call this month"), for_good, replaced })
}

pub(crate) fn taken(role: PlatformRole, revoked: Revoked) -> GrantEvent {
    match role {
        PlatformRole::Superadmin => GrantEvent::SuperadminRevoked(revoked),
        PlatformRole::Auditor => GrantEvent::AuditorRevoked(revoked),
    }
}

pub(crate) fn started(role: PlatformRole, until: Option<i64>) -> GrantEvent {
    let until = until.map(day);
    match role {
        PlatformRole::Superadmin => GrantEvent::SuperadminStarted { until },
        PlatformRole::Auditor => GrantEvent::AuditorStarted { until },
    }
}

pub(crate) fn expired(role: PlatformRole, until: i64) -> GrantEvent {
    let until = day(until);
    match role {
        PlatformRole::Superadmin => GrantEvent::SuperadminExpired { until },
        PlatformRole::Auditor => GrantEvent::AuditorExpired { until },
    }
}

/// The event of a request by Ana for Bo.
pub(crate) fn asked(id: u128, role: PlatformRole, term: Term) -> GrantEvent {
    let (request, reason, by, person) = (request(id), reason("On call this month"), person(ANA), person(BO));
    GrantEvent::GrantRequested { request, role, reason, term, by, person }
}

pub(crate) fn declined(id: u128) -> GrantEvent {
    let (request, reason) = (request(id), reason("Nothing to do there"));
    GrantEvent::RequestDeclined { request, role: AUDITOR, reason }
}

pub(crate) fn withdrawn(id: u128) -> GrantEvent {
    GrantEvent::RequestWithdrawn { request: request(id), role: AUDITOR }
}
