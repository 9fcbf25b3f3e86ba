//! The rules for giving roles in the console. A shell on the server is not bound by them.
//!
//! **Invariant:** a policy is about giving. Nothing in it keeps anybody from taking a role away.

use chrono::{DateTime, TimeDelta, Utc};

use super::{GrantCommand, GrantError, Term};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GrantPolicy {
    /// A second superadmin has to approve.
    pub approval: bool,
    /// A role must end within this number of days from when it is given or asked for.
    pub max_days: Option<i64>,
    /// The moment at which the giver's own superadmin role ends: nobody gives more time than they have themselves.
    pub own_end: Option<DateTime<Utc>>,
}

impl GrantPolicy {
    /// The reason for which this policy refuses a command given in the console.
    pub fn against(&self, command: &GrantCommand) -> Option<GrantError> {
        use GrantCommand as C;
        match command {
            C::Give { .. } if self.approval => Some(GrantError::NeedsApproval),
            C::Give { term, at, .. } => self.too_long(*term, *at).or_else(|| self.outlasts(*term, *at)),
            C::Request { term, at, .. } => self.too_long(*term, *at),
            C::Revoke { .. }
            | C::Approve { .. }
            | C::Decline { .. }
            | C::Withdraw { .. }
            | C::Start { .. }
            | C::Expire { .. } => None,
        }
    }

    fn too_long(&self, term: Term, at: DateTime<Utc>) -> Option<GrantError> {
        let days = self.max_days?;
        let latest = at + TimeDelta::days(days);
        let until = term.period(at).ok()?.until; // what is no period is refused by the rules
        until.is_none_or(|until| until > latest).then_some(GrantError::MustEnd { days })
    }

    fn outlasts(&self, term: Term, at: DateTime<Utc>) -> Option<GrantError> {
        let own_end = self.own_end?;
        let until = term.period(at).ok()?.until;
        until.is_none_or(|until| until > own_end).then_some(GrantError::OutlastsYours)
    }
}
