//! The facets that the events of a person's platform roles write, and how each is restored.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};

use super::{End, Grant, GrantCommand, GrantEvent, Period, PlatformRole, RoleStanding, Term};
use crate::revert::{Irreversible, Restoration, Revertible};

/// The facet "holds this role".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GrantFacet(PlatformRole);

impl fmt::Display for GrantFacet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl Revertible for Grant {
    type Facet = GrantFacet;

    fn facet(event: &GrantEvent) -> Result<GrantFacet, Irreversible> {
        use GrantEvent as E;
        use PlatformRole::{Auditor, Superadmin};
        match event {
            E::SuperadminGranted(_) | E::SuperadminRevoked(_) => Ok(GrantFacet(Superadmin)),
            E::AuditorGranted(_) | E::AuditorRevoked(_) => Ok(GrantFacet(Auditor)),
            E::SuperadminStarted { .. }
            | E::SuperadminExpired { .. }
            | E::AuditorStarted { .. }
            | E::AuditorExpired { .. } => Err(Irreversible::Time),
            E::GrantRequested { .. } | E::RequestDeclined { .. } | E::RequestWithdrawn { .. } => {
                Err(Irreversible::Request)
            }
        }
    }

    fn says(&self, GrantFacet(role): &GrantFacet) -> String {
        match self.standing(*role) {
            RoleStanding::Never | RoleStanding::Ended => "not held".to_owned(),
            RoleStanding::Held(Period { from, until }) => {
                let at = |word: &str, at: Option<DateTime<Utc>>| {
                    at.map_or_else(String::new, |at| {
                        format!(" {word} {}", at.format("%Y-%m-%d %H:%M:%S%.f UTC"))
                    })
                };
                format!("held{}{}", at("from", from), at("until", until))
            }
        }
    }

    fn restore(
        &self,
        before: &Self,
        facets: &BTreeSet<GrantFacet>,
        with: &Restoration,
    ) -> Option<GrantCommand> {
        let mut facets = facets.iter();
        let GrantFacet(role) = *facets.next().filter(|_| facets.next().is_none())?;
        let (reason, at) = (with.reason.clone(), with.at);
        Some(match before.standing(role) {
            RoleStanding::Never | RoleStanding::Ended => GrantCommand::Revoke { role, reason },
            RoleStanding::Held(period) => {
                let end = period.until.map_or(End::Never, End::At);
                GrantCommand::Give { role, reason, term: Term { from: period.from, end }, at }
            }
        })
    }

    fn lost(event: &GrantEvent) -> Option<&'static str> {
        use GrantEvent as E;
        match event {
            E::SuperadminGranted(_) | E::AuditorGranted(_) => {
                Some("What was seen and done with the role stays seen and done.")
            }
            E::SuperadminRevoked(_)
            | E::AuditorRevoked(_)
            | E::SuperadminStarted { .. }
            | E::SuperadminExpired { .. }
            | E::AuditorStarted { .. }
            | E::AuditorExpired { .. }
            | E::GrantRequested { .. }
            | E::RequestDeclined { .. }
            | E::RequestWithdrawn { .. } => None,
        }
    }
}
