//! The platform roles that one person holds, held or is to hold: superadmin, auditor, both or none.
//!
//! ```text
//!              Give, Approve               Revoke
//! nothing ───────────────────► held ─┬──────────────► ended ──► …
//!              (perhaps from a time  │   Expire
//!               on: then Start)      └──────────────►
//! ```
//!
//! **Invariant:** once there is a superadmin for good there is always one. One person's stream can't see the others, so
//! what begins or ends one who stands for good also counts in the log's own guard, in the same transaction. Grants with
//! an end never count, so that time alone can't leave nobody.

mod event;
mod policy;
mod request;
mod revert;
mod role;
mod sentence;
mod term;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::values::{PersonId, Reason, RequestId};
use crate::{AnyEvent, Constraint, Decider, Snapshot};

pub use event::{GrantEvent, Granted, Revoked};
pub use policy::GrantPolicy;
pub use request::{Request, RequestOutcome, Requests};
pub use revert::GrantFacet;
pub use role::{PlatformRole, UnknownRole};
pub use term::{End, Period, Term, length};

/// An order about one person's platform roles. The time of an order is not part of what it *is*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum GrantCommand {
    /// Gives the role for this term. A role that is already held changes to this term without a gap.
    Give {
        role: PlatformRole,
        reason: Reason,
        term: Term,
        #[serde(skip)]
        at: DateTime<Utc>,
    },
    Revoke {
        role: PlatformRole,
        reason: Reason,
    },
    /// Asks other superadmins to give `person` (whose stream this is) a role.
    Request {
        request: RequestId,
        role: PlatformRole,
        reason: Reason,
        term: Term,
        by: PersonId,
        person: PersonId,
        #[serde(skip)]
        at: DateTime<Utc>,
    },
    Approve {
        request: RequestId,
        by: PersonId,
        #[serde(skip)]
        at: DateTime<Utc>,
    },
    Decline {
        request: RequestId,
        reason: Reason,
    },
    Withdraw {
        request: RequestId,
        by: PersonId,
    },
    /// Records that a grant with a later start has begun.
    Start {
        role: PlatformRole,
        #[serde(skip)]
        at: DateTime<Utc>,
    },
    /// Records that a grant with an end is over.
    Expire {
        role: PlatformRole,
        #[serde(skip)]
        at: DateTime<Utc>,
    },
}

/// Why a grant was refused. The text is shown to whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    #[error("this person does not hold that role")]
    NotHeld,
    #[error("this person holds that role for just that time already")]
    HeldAlready,
    #[error("choose an end that is still to come")]
    EndsInThePast,
    #[error("choose an end after the beginning")]
    EndsBeforeItBegins,
    #[error("this is further away than calendars go")]
    TooFar,
    #[error("here a second superadmin must approve; ask for the role instead")]
    NeedsApproval,
    #[error("here a role must end within {days} days; for longer it is given at the server only")]
    MustEnd { days: i64 },
    #[error("you are superadmin for a time yourself; choose an end that is no later than yours")]
    OutlastsYours,
    #[error("somebody asked for that role already; approve, decline or withdraw that request first")]
    AlreadyAsked,
    #[error("this request exists already; make another one")]
    RequestExists,
    #[error("there is no such request")]
    NoSuchRequest,
    #[error("you asked for this; somebody else must approve")]
    OwnRequest,
    #[error("this is for yourself; somebody else must approve")]
    ForOneself,
    #[error("only whoever asked can withdraw this; you can decline it")]
    NotYours,
    #[error("the end that was asked for has passed; ask again")]
    RequestLapsed,
    #[error("this request was approved already")]
    RequestApproved,
    #[error("this request was declined already")]
    RequestDeclined,
    #[error("this request was withdrawn already")]
    RequestWithdrawn,
}

/// A person's standing in each role, and the requests for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// A role that was never granted is absent.
    roles: BTreeMap<PlatformRole, RoleStanding>,
    requests: Requests,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum RoleStanding {
    #[default]
    Never,
    Held(Period),
    Ended,
}

impl Decider for Grant {
    type Id = PersonId;

    fn decide(&self, command: GrantCommand) -> Result<Vec<GrantEvent>, GrantError> {
        use GrantCommand as C;
        use GrantEvent as E;
        use RoleStanding::{Ended, Held, Never};
        match command {
            C::Give { role, reason, term, at } => {
                let Period { from, until } = term.period(at)?;
                Ok(self.give(role, Granted { reason, from, until, request: None }, at))
            }
            // Revoking twice is a double click; revoking what was never held is a mistake that must be seen.
            C::Revoke { role, reason } => match self.standing(role) {
                Never => Err(GrantError::NotHeld),
                Held(period) => Ok(vec![role.revoked(period.revoked(reason, false))]),
                Ended => Ok(vec![]),
            },
            C::Start { role, at } => match self.standing(role) {
                Held(period) if period.is_to_start(at) => Ok(vec![role.started(period.until)]),
                Never | Held(_) | Ended => Ok(vec![]),
            },
            C::Expire { role, at } => Ok(self.expire(role, at).into_iter().collect()),
            C::Request { request, role, reason, term, by, person, at } => {
                let asked =
                    Request { role, reason: reason.clone(), term, by, person, outcome: RequestOutcome::Open };
                let is_new = self.requests.is_new(request, &asked, at)?;
                if !is_new || self.holds(role, term.period(at)?, at) {
                    return Ok(vec![]);
                }
                Ok(vec![E::GrantRequested { request, role, reason, term, by, person }])
            }
            C::Approve { request, by, at } => match self.requests.approvable(request, by, at)? {
                Some(asked) => self.approve(request, asked, at),
                None => Ok(vec![]),
            },
            C::Decline { request, reason } => {
                let open = self.requests.unless(request, RequestOutcome::Declined)?;
                let declined = |asked: &Request| E::RequestDeclined { request, role: asked.role, reason };
                Ok(open.map(declined).into_iter().collect())
            }
            C::Withdraw { request, by } => match self.requests.unless(request, RequestOutcome::Withdrawn)? {
                Some(asked) if asked.by != by => Err(GrantError::NotYours),
                open => {
                    let withdrawn = |asked: &Request| E::RequestWithdrawn { request, role: asked.role };
                    Ok(open.map(withdrawn).into_iter().collect())
                }
            },
        }
    }

    fn any(id: PersonId, event: GrantEvent) -> AnyEvent {
        AnyEvent::Grant(id, event)
    }

    fn constraints(event: &GrantEvent) -> Vec<Constraint> {
        use GrantEvent as E;
        let count = |delta| vec![Constraint::Guard { name: SUPERADMINS, delta, floor: 1 }];
        match event {
            E::SuperadminGranted(Granted { from: None, until: None, .. })
            | E::SuperadminStarted { until: None } => count(1),
            E::SuperadminRevoked(Revoked { for_good: true, .. }) => count(-1),
            E::SuperadminGranted(_)
            | E::SuperadminRevoked(_)
            | E::SuperadminStarted { .. }
            | E::SuperadminExpired { .. }
            | E::AuditorGranted(_)
            | E::AuditorRevoked(_)
            | E::AuditorStarted { .. }
            | E::AuditorExpired { .. }
            | E::GrantRequested { .. }
            | E::RequestDeclined { .. }
            | E::RequestWithdrawn { .. } => vec![],
        }
    }
}

impl Snapshot for Grant {
    const FOLD: i64 = 1;

    fn weight(&self) -> usize {
        const FOR_ITSELF: usize = 512;
        const A_REQUEST: usize = 1024; // most of it is the reason
        FOR_ITSELF + self.requests.iter().count() * A_REQUEST
    }
}

/// The guard that counts permanent superadmins: their grant has begun and has no end.
pub const SUPERADMINS: &str = "superadmins";

impl Grant {
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    fn standing(&self, role: PlatformRole) -> RoleStanding {
        self.roles.get(&role).copied().unwrap_or_default()
    }

    /// Says whether the role is held for exactly this period.
    fn holds(&self, role: PlatformRole, period: Period, at: DateTime<Utc>) -> bool {
        matches!(self.standing(role), RoleStanding::Held(held) if held.as_of(at) == period && !held.is_over(at))
    }

    /// A grant that is replaced ends in the same append. The end comes first, so that the guard checks it.
    fn give(&self, role: PlatformRole, granted: Granted, at: DateTime<Utc>) -> Vec<GrantEvent> {
        let period = Period { from: granted.from, until: granted.until };
        if self.holds(role, period, at) {
            return vec![];
        }
        let before = self.expire(role, at).or_else(|| match self.standing(role) {
            RoleStanding::Held(held) => Some(role.revoked(held.revoked(granted.reason.clone(), true))),
            RoleStanding::Never | RoleStanding::Ended => None,
        });
        before.into_iter().chain([role.granted(granted)]).collect()
    }

    fn expire(&self, role: PlatformRole, at: DateTime<Utc>) -> Option<GrantEvent> {
        match self.standing(role) {
            RoleStanding::Held(Period { until: Some(until), .. }) if until <= at => Some(role.expired(until)),
            RoleStanding::Never | RoleStanding::Held(_) | RoleStanding::Ended => None,
        }
    }

    fn approve(
        &self,
        request: RequestId,
        asked: &Request,
        at: DateTime<Utc>,
    ) -> Result<Vec<GrantEvent>, GrantError> {
        let (reason, Period { from, until }) = (asked.reason.clone(), asked.term.period(at)?);
        let events = self.give(asked.role, Granted { reason, from, until, request: Some(request) }, at);
        if events.is_empty() { Err(GrantError::HeldAlready) } else { Ok(events) }
    }

    fn grant(&mut self, role: PlatformRole, granted: &Granted) {
        self.roles.insert(role, RoleStanding::Held(Period { from: granted.from, until: granted.until }));
        if let Some(request) = granted.request {
            self.requests.settle(request, RequestOutcome::Approved);
        }
    }
}

impl Period {
    fn revoked(&self, reason: Reason, replaced: bool) -> Revoked {
        Revoked { reason, for_good: self.stands_for_good(), replaced }
    }
}

impl Aggregate for Grant {
    const TYPE: &'static str = "grant";
    type Command = GrantCommand;
    type Event = GrantEvent;
    type Error = GrantError;
    type Services = ();

    async fn handle(
        &mut self,
        command: GrantCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), GrantError> {
        crate::run(self, command, sink).await
    }

    fn apply(&mut self, event: GrantEvent) {
        use GrantEvent as E;
        use PlatformRole::{Auditor, Superadmin};
        let mut stands = |role, standing| {
            self.roles.insert(role, standing);
        };
        match event {
            E::SuperadminGranted(granted) => self.grant(Superadmin, &granted),
            E::AuditorGranted(granted) => self.grant(Auditor, &granted),
            E::SuperadminStarted { until } => {
                stands(Superadmin, RoleStanding::Held(Period { from: None, until }));
            }
            E::AuditorStarted { until } => stands(Auditor, RoleStanding::Held(Period { from: None, until })),
            E::SuperadminRevoked(_) | E::SuperadminExpired { .. } => stands(Superadmin, RoleStanding::Ended),
            E::AuditorRevoked(_) | E::AuditorExpired { .. } => stands(Auditor, RoleStanding::Ended),
            E::GrantRequested { request, role, reason, term, by, person } => {
                let outcome = RequestOutcome::Open;
                self.requests.add(request, Request { role, reason, term, by, person, outcome });
            }
            E::RequestDeclined { request, .. } => self.requests.settle(request, RequestOutcome::Declined),
            E::RequestWithdrawn { request, .. } => self.requests.settle(request, RequestOutcome::Withdrawn),
        }
    }
}
