//! Roles that were asked for, where somebody else has to approve.
//!
//! ```text
//!          Request                 Approve, by another superadmin
//! nothing ────────► Open ─┬──────────────────────────────────────► Approved, and granted
//!                         ├── Decline ───────────────────────────► Declined
//!                         └── Withdraw, by whoever asked ────────► Withdrawn
//! ```
//!
//! **Invariant:** an approval is never by whoever asked, nor by whoever gets the role, and an id stands for one request,
//! ever.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{GrantError, PlatformRole, Term};
use crate::values::{PersonId, Reason, RequestId};

/// Every request that there ever was for one person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Requests(BTreeMap<RequestId, Request>);

/// A request for a role, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub role: PlatformRole,
    pub reason: Reason,
    pub term: Term,
    /// Who asked.
    pub by: PersonId,
    /// Who is to get it.
    pub person: PersonId,
    pub outcome: RequestOutcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestOutcome {
    Open,
    Approved,
    Declined,
    Withdrawn,
}

impl Request {
    /// True if the requested end has passed, so that nobody can grant it any more.
    fn lapsed(&self, at: DateTime<Utc>) -> bool {
        self.term.period(at) == Err(GrantError::EndsInThePast)
    }

    fn may_be_approved_by(&self, by: PersonId) -> Result<(), GrantError> {
        match by {
            by if by == self.by => Err(GrantError::OwnRequest),
            by if by == self.person => Err(GrantError::ForOneself),
            _ => Ok(()),
        }
    }
}

impl Requests {
    pub fn iter(&self) -> impl Iterator<Item = (RequestId, &Request)> {
        self.0.iter().map(|(id, request)| (*id, request))
    }

    /// Checks whether the request can be made. The answer is false if the very same request was made already.
    pub(super) fn is_new(
        &self,
        id: RequestId,
        request: &Request,
        at: DateTime<Utc>,
    ) -> Result<bool, GrantError> {
        let open = |other: &Request| {
            other.outcome == RequestOutcome::Open && other.role == request.role && !other.lapsed(at)
        };
        match self.0.get(&id) {
            Some(known) if known == request => Ok(false),
            Some(_) => Err(GrantError::RequestExists),
            None if self.0.values().any(open) => Err(GrantError::AlreadyAsked),
            None => Ok(true),
        }
    }

    /// The request, if it is open; nothing if it already has the outcome `so`.
    pub(super) fn unless(&self, id: RequestId, so: RequestOutcome) -> Result<Option<&Request>, GrantError> {
        let found = self.0.get(&id).ok_or(GrantError::NoSuchRequest)?;
        match found.outcome {
            RequestOutcome::Open => Ok(Some(found)),
            outcome if outcome == so => Ok(None),
            RequestOutcome::Approved => Err(GrantError::RequestApproved),
            RequestOutcome::Declined => Err(GrantError::RequestDeclined),
            RequestOutcome::Withdrawn => Err(GrantError::RequestWithdrawn),
        }
    }

    /// The request, if `by` may approve it now; nothing if it was approved.
    pub(super) fn approvable(
        &self,
        id: RequestId,
        by: PersonId,
        at: DateTime<Utc>,
    ) -> Result<Option<&Request>, GrantError> {
        let Some(request) = self.unless(id, RequestOutcome::Approved)? else { return Ok(None) };
        request.may_be_approved_by(by)?;
        if request.lapsed(at) { Err(GrantError::RequestLapsed) } else { Ok(Some(request)) }
    }

    pub(super) fn add(&mut self, id: RequestId, request: Request) {
        self.0.insert(id, request);
    }

    pub(super) fn settle(&mut self, id: RequestId, outcome: RequestOutcome) {
        self.0.entry(id).and_modify(|request| request.outcome = outcome);
    }
}
