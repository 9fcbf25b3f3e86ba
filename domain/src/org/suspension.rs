//! The suspension of a protected organisation: typed once more, and taken back by itself unless somebody shows that
//! they can still sign in.
//!
//! **Invariant:** whoever shuts themselves out is let in again [`SECOND_THOUGHTS`] later, whatever they can still reach.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::lifecycle::LifecycleEvent as E;
use super::{OrgError, OrgEvent, Profile};
use crate::values::{Reason, Slug};

/// How long the suspension of a protected organisation holds without being confirmed.
pub const SECOND_THOUGHTS: TimeDelta = TimeDelta::minutes(15);

/// The slug as the operator typed it, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confirmation {
    pub slug: Slug,
    #[serde(skip)]
    pub at: DateTime<Utc>,
}

impl Profile {
    pub(super) fn suspend(
        &self,
        reason: Reason,
        confirmed: Option<&Confirmation>,
    ) -> Result<Vec<OrgEvent>, OrgError> {
        self.confirm(confirmed.map(|typed| &typed.slug))?;
        let timer = confirmed.filter(|_| self.protected).map(|typed| typed.at + SECOND_THOUGHTS);
        let timer = timer.map(|at| E::OrgReinstatementScheduled { at }.into());
        Ok([E::OrgSuspended { reason }.into()].into_iter().chain(timer).collect())
    }

    /// Confirms only from a session that began after the suspension, because that shows that signing in still works.
    pub(super) fn confirm_suspension(&self, signed_in_at: DateTime<Utc>) -> Result<Vec<OrgEvent>, OrgError> {
        match self.reinstate_at {
            None => Ok(vec![]),
            Some(at) if signed_in_at <= at - SECOND_THOUGHTS => Err(OrgError::OldSignIn),
            Some(_) => Ok(vec![E::OrgSuspensionConfirmed {}.into()]),
        }
    }

    pub(super) fn reinstate_on_time(&self, now: DateTime<Utc>) -> Result<Vec<OrgEvent>, OrgError> {
        match self.reinstate_at {
            None => Ok(vec![]),
            Some(at) if now < at => Err(OrgError::NotYet),
            Some(_) => Ok(vec![E::OrgReinstated {}.into()]),
        }
    }
}
