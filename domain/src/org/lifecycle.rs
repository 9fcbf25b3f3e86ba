//! The name, slug and status of an organisation.
//!
//! **Invariant:** a slug belongs to one organisation for ever: an old one goes on leading to it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Confirmation, Invitee, Org, OrgError, OrgEvent, OrgFacet, Profile, SLUGS};
use crate::Constraint;
use crate::concern::events;
use crate::revert::Irreversible;
use crate::sentence::{Part, text};
use crate::values::{OrgId, OrgName, Reason, Slug};

/// A command about an organisation's name, slug or status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum LifecycleCommand {
    Create {
        name: OrgName,
        slug: Slug,
        owner: Option<Invitee>,
    },
    Rename {
        name: OrgName,
    },
    ChangeSlug {
        slug: Slug,
    },
    /// `confirmed` matters only for a protected organisation. It is reinstated by itself unless its suspension is confirmed.
    Suspend {
        reason: Reason,
        confirmed: Option<Confirmation>,
    },
    /// `signed_in_at` is the beginning of the session in which the command was given.
    ConfirmSuspension {
        #[serde(skip)]
        signed_in_at: DateTime<Utc>,
    },
    Reinstate,
    /// Given by the timer, when the time has come at which a protected organisation reinstates itself.
    ReinstateOnTime {
        #[serde(skip)]
        at: DateTime<Utc>,
    },
    Archive {
        reason: Reason,
        confirmed: Option<Slug>,
    },
    Restore,
    Protect,
    Unprotect,
}

events! {
    /// What happened to the name, slug or status of an organisation.
    pub enum LifecycleEvent {
        OrgCreated { name: OrgName, slug: Slug },
        OrgRenamed { name: OrgName },
        OrgSlugChanged { slug: Slug },
        OrgSuspended { reason: Reason },
        OrgReinstated {},
        /// A suspended protected organisation will be reinstated at this moment, unless the suspension is confirmed.
        OrgReinstatementScheduled { at: DateTime<Utc> },
        /// The suspension no longer ends by itself.
        OrgSuspensionConfirmed {},
        OrgArchived { reason: Reason },
        /// The organisation is again what it was before: active, or still suspended for this reason.
        OrgRestored {
            #[serde(default, skip_serializing_if = "Option::is_none")]
            suspended: Option<Reason>
        },
        OrgProtected {},
        OrgUnprotected {},
    }
}

/// The whole rule book of an organisation's life.
pub(super) fn decide(org: &Org, command: LifecycleCommand) -> Result<Vec<OrgEvent>, OrgError> {
    use LifecycleCommand as C;
    use LifecycleEvent as E;
    use Org::{Active, Archived, Suspended, Unborn};
    match (org, command) {
        (Unborn, C::Create { name, slug, owner }) => {
            let owner = owner.map(|invitee| invitee.owning().invited());
            Ok([E::OrgCreated { name, slug }.into()].into_iter().chain(owner).collect())
        }
        (Unborn, _) => Err(OrgError::NotFound),
        (_, C::Create { .. }) => Err(OrgError::AlreadyExists),

        (Active(org), C::Rename { name }) if org.name == name => Ok(vec![]),
        (Active(_), C::Rename { name }) => Ok(vec![E::OrgRenamed { name }.into()]),
        (Active(org), C::ChangeSlug { slug }) if org.slug == slug => Ok(vec![]),
        (Active(_), C::ChangeSlug { slug }) => Ok(vec![E::OrgSlugChanged { slug }.into()]),
        (Suspended(..), C::Rename { .. } | C::ChangeSlug { .. }) => Err(OrgError::Suspended),

        (Active(org), C::Suspend { reason, confirmed }) => org.suspend(reason, confirmed.as_ref()),
        (Active(_), C::ConfirmSuspension { .. }) => Err(OrgError::NotSuspended),
        (Active(_), C::Reinstate | C::ReinstateOnTime { .. }) => Ok(vec![]),
        (Suspended(..), C::Suspend { .. }) => Ok(vec![]),
        (Suspended(..), C::Reinstate) => Ok(vec![E::OrgReinstated {}.into()]),
        (Suspended(org, _), C::ReinstateOnTime { at }) => org.reinstate_on_time(at),
        (Suspended(org, _), C::ConfirmSuspension { signed_in_at }) => org.confirm_suspension(signed_in_at),

        (Active(org) | Suspended(org, _), C::Archive { reason, confirmed }) => {
            org.confirm(confirmed.as_ref())?;
            Ok(vec![E::OrgArchived { reason }.into()])
        }
        (Archived(_), C::Archive { .. }) => Ok(vec![]),
        (Active(_) | Suspended(..), C::Restore) => Ok(vec![]),
        (Archived(before), C::Restore) => Ok(vec![E::OrgRestored { suspended: before.suspension() }.into()]),

        (Active(org) | Suspended(org, _), C::Protect) if org.protected => Ok(vec![]),
        (Active(_) | Suspended(..), C::Protect) => Ok(vec![E::OrgProtected {}.into()]),
        (Active(org) | Suspended(org, _), C::Unprotect) if !org.protected => Ok(vec![]),
        (Active(_) | Suspended(..), C::Unprotect) => Ok(vec![E::OrgUnprotected {}.into()]),

        (Archived(_), _) => Err(OrgError::Archived),
    }
}

pub(super) fn apply(org: Org, event: LifecycleEvent) -> Org {
    use LifecycleEvent as E;
    match (org, event) {
        (_, E::OrgCreated { name, slug }) => Org::Active(Profile::new(name, slug)),
        (org, E::OrgRenamed { name }) => org.with(|org| org.name = name),
        (org, E::OrgSlugChanged { slug }) => org.with(|org| org.slug = slug),
        (Org::Active(profile), E::OrgSuspended { reason }) => Org::Suspended(profile, reason),
        (Org::Suspended(profile, _), E::OrgReinstated {}) => {
            Org::Active(Profile { reinstate_at: None, ..profile })
        }
        (before @ (Org::Active(_) | Org::Suspended(..)), E::OrgArchived { .. }) => {
            Org::Archived(Box::new(before))
        }
        (Org::Archived(before), E::OrgRestored { .. }) => *before,
        (org, E::OrgReinstatementScheduled { at }) => org.with(|org| org.reinstate_at = Some(at)),
        (org, E::OrgSuspensionConfirmed {}) => org.with(|org| org.reinstate_at = None),
        (org, E::OrgProtected {}) => org.with(|org| org.protected = true),
        (org, E::OrgUnprotected {}) => org.with(|org| org.protected = false),
        // An event that does not fit the state is ignored: it is recorded, and the log can't be changed.
        (
            org,
            E::OrgSuspended { .. } | E::OrgReinstated {} | E::OrgArchived { .. } | E::OrgRestored { .. },
        ) => org,
    }
}

impl LifecycleEvent {
    /// Claims the slug. The claim is never released: an old slug goes on leading to this organisation.
    pub(super) fn constraints(&self) -> Vec<Constraint> {
        match self {
            Self::OrgCreated { slug, .. } | Self::OrgSlugChanged { slug } => {
                vec![Constraint::Claim { namespace: SLUGS, key: slug.to_string() }]
            }
            Self::OrgRenamed { .. }
            | Self::OrgSuspended { .. }
            | Self::OrgReinstated {}
            | Self::OrgReinstatementScheduled { .. }
            | Self::OrgSuspensionConfirmed {}
            | Self::OrgArchived { .. }
            | Self::OrgRestored { .. }
            | Self::OrgProtected {}
            | Self::OrgUnprotected {} => vec![],
        }
    }

    pub(crate) fn sentence(&self, id: OrgId) -> Vec<Part> {
        let org = Part::Org(id);
        let called = |name: &OrgName| Part::Called(id, name.to_string());
        match self {
            Self::OrgCreated { name, slug } => {
                vec![text("created "), called(name), text(format!(" with the slug {slug}"))]
            }
            // The name before is not in the event, and today's would make an old sentence read oddly.
            Self::OrgRenamed { name } => vec![text("renamed the organisation to "), called(name)],
            Self::OrgSlugChanged { slug } => {
                vec![text("changed the slug of "), org, text(format!(" to {slug}"))]
            }
            Self::OrgSuspended { reason } => vec![text("suspended "), org, text(format!(": {reason}"))],
            Self::OrgReinstated {} => vec![text("reinstated "), org],
            Self::OrgReinstatementScheduled { at } => {
                let at = at.format("%H:%M UTC on %-d %B %Y");
                vec![text("set the timer that reinstates "), org, text(format!(" at {at}"))]
            }
            Self::OrgSuspensionConfirmed {} => vec![text("confirmed the suspension of "), org],
            Self::OrgArchived { reason } => vec![text("archived "), org, text(format!(": {reason}"))],
            Self::OrgRestored { suspended: None } => vec![text("restored "), org],
            Self::OrgRestored { suspended: Some(reason) } => {
                vec![text("restored "), org, text(format!(", still suspended: {reason}"))]
            }
            Self::OrgProtected {} => vec![text("protected "), org],
            Self::OrgUnprotected {} => vec![text("lifted the protection of "), org],
        }
    }

    /// Why it was done, where somebody had to say.
    pub(crate) fn reason(&self) -> Option<&Reason> {
        match self {
            Self::OrgSuspended { reason } | Self::OrgArchived { reason } => Some(reason),
            Self::OrgCreated { .. }
            | Self::OrgRenamed { .. }
            | Self::OrgSlugChanged { .. }
            | Self::OrgReinstated {}
            | Self::OrgReinstatementScheduled { .. }
            | Self::OrgSuspensionConfirmed {}
            | Self::OrgRestored { .. }
            | Self::OrgProtected {}
            | Self::OrgUnprotected {} => None,
        }
    }

    pub(super) fn facet(&self) -> Result<OrgFacet, Irreversible> {
        match self {
            Self::OrgCreated { .. } => Err(Irreversible::Beginning),
            Self::OrgRenamed { .. } => Ok(OrgFacet::Name),
            Self::OrgSlugChanged { .. } => Ok(OrgFacet::Slug),
            Self::OrgSuspended { .. }
            | Self::OrgReinstated {}
            | Self::OrgArchived { .. }
            | Self::OrgRestored { .. } => Ok(OrgFacet::Status),
            Self::OrgReinstatementScheduled { .. } => {
                Err(Irreversible::Outside("the timer belongs to its suspension; reinstate the organisation"))
            }
            Self::OrgSuspensionConfirmed {} => {
                Err(Irreversible::Outside("the timer was stopped; reinstate the organisation"))
            }
            Self::OrgProtected {} | Self::OrgUnprotected {} => Ok(OrgFacet::Protection),
        }
    }

    /// Describes what stays lost when the event is undone.
    pub(super) fn lost(&self) -> Option<&'static str> {
        match self {
            Self::OrgSuspended { .. } | Self::OrgArchived { .. } => {
                Some("What people could not do while it was closed to them stays undone.")
            }
            Self::OrgSlugChanged { .. } => {
                Some("The slug that it has now stays its own, and goes on leading here.")
            }
            Self::OrgRenamed { .. }
            | Self::OrgReinstated {}
            | Self::OrgRestored { .. }
            | Self::OrgProtected {}
            | Self::OrgUnprotected {}
            | Self::OrgCreated { .. }
            | Self::OrgReinstatementScheduled { .. }
            | Self::OrgSuspensionConfirmed {} => None,
        }
    }
}
