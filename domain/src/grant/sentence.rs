//! What happened to platform roles, as sentences for people.

use super::{GrantEvent, Granted, Period, PlatformRole, Revoked};
use crate::sentence::{Part, text};
use crate::values::Reason;

impl GrantEvent {
    /// What was done, to be read after the name of whoever did it.
    pub(crate) fn sentence(&self, person: Part) -> Vec<Part> {
        use GrantEvent as E;
        use PlatformRole::{Auditor, Superadmin};
        match self {
            E::SuperadminGranted(it) => granted(Superadmin, person, it),
            E::AuditorGranted(it) => granted(Auditor, person, it),
            E::SuperadminRevoked(it) => revoked(Superadmin, person, it),
            E::AuditorRevoked(it) => revoked(Auditor, person, it),
            E::SuperadminStarted { .. } => {
                vec![text("began superadmin of "), person, text(", as it was granted")]
            }
            E::AuditorStarted { .. } => vec![text("began auditor of "), person, text(", as it was granted")],
            E::SuperadminExpired { .. } => {
                vec![text("ended superadmin of "), person, text(", as it was granted")]
            }
            E::AuditorExpired { .. } => vec![text("ended auditor of "), person, text(", as it was granted")],
            E::GrantRequested { role, reason, term, .. } => {
                vec![
                    text(format!("asked for {} for ", role.as_str())),
                    person,
                    text(format!("{term}: {reason}")),
                ]
            }
            E::RequestDeclined { role, reason, .. } => {
                let before = text(format!("declined the request for {} for ", role.as_str()));
                vec![before, person, text(format!(": {reason}"))]
            }
            E::RequestWithdrawn { role, .. } => {
                vec![text(format!("withdrew the request for {} for ", role.as_str())), person]
            }
        }
    }

    /// Why it was done, where somebody had to say.
    pub(crate) fn reason(&self) -> Option<&Reason> {
        match self {
            Self::SuperadminGranted(Granted { reason, .. })
            | Self::SuperadminRevoked(Revoked { reason, .. })
            | Self::AuditorGranted(Granted { reason, .. })
            | Self::AuditorRevoked(Revoked { reason, .. })
            | Self::GrantRequested { reason, .. }
            | Self::RequestDeclined { reason, .. } => Some(reason),
            Self::SuperadminStarted { .. }
            | Self::SuperadminExpired { .. }
            | Self::AuditorStarted { .. }
            | Self::AuditorExpired { .. }
            | Self::RequestWithdrawn { .. } => None,
        }
    }
}

fn granted(role: PlatformRole, person: Part, granted: &Granted) -> Vec<Part> {
    let Granted { reason, from, until, request } = granted;
    let verb = if request.is_some() { "approved and granted" } else { "granted" };
    let period = Period { from: *from, until: *until };
    vec![text(format!("{verb} {} to ", role.as_str())), person, text(format!("{period}: {reason}"))]
}

fn revoked(role: PlatformRole, person: Part, Revoked { reason, replaced, .. }: &Revoked) -> Vec<Part> {
    let role = role.as_str();
    if *replaced {
        return vec![text(format!("ended {role} of ")), person, text(format!(" to grant it anew: {reason}"))];
    }
    vec![text(format!("revoked {role} of ")), person, text(format!(": {reason}"))]
}
