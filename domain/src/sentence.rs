//! Every event as a sentence for people: "suspended Acme: unpaid invoice".
//!
//! **Invariant:** every event has one; a new event doesn't compile without it.

use crate::fact::Fact;
use crate::grant::{GrantEvent, Granted, Period, PlatformRole, Revoked};
use crate::org::OrgEvent;
use crate::resource_type::{Choice, ResourceTypeEvent, Spread};
use crate::values::{OrgId, OrgName, PersonId, ResourceCode};

/// A piece of a sentence. Names are not in the log, so whoever shows it looks them up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    Org(OrgId),
    /// An organisation by the name that it was given then, which may not be today's.
    Called(OrgId, String),
    Person(PersonId),
    /// A resource type, by the code that is its name for ever.
    ResourceType(ResourceCode),
}

impl Fact {
    /// What was done, to be read after the name of whoever did it.
    pub fn sentence(&self) -> Vec<Part> {
        match self {
            Self::Org(id, event) => of_org(*id, event),
            Self::Grant(id, event) => of_grant(Part::Person(*id), event),
            Self::ResourceType(code, event) => of_resource_type(Part::ResourceType(code.clone()), event),
        }
    }

    /// Why it was done, where somebody had to say.
    pub fn reason(&self) -> Option<&str> {
        use {GrantEvent as G, OrgEvent as O, ResourceTypeEvent as T};
        match self {
            Self::Org(_, O::OrgSuspended { reason } | O::OrgArchived { reason })
            | Self::Grant(
                _,
                G::SuperadminGranted(Granted { reason, .. })
                | G::SuperadminRevoked(Revoked { reason, .. })
                | G::AuditorGranted(Granted { reason, .. })
                | G::AuditorRevoked(Revoked { reason, .. })
                | G::GrantRequested { reason, .. }
                | G::RequestDeclined { reason, .. },
            )
            | Self::ResourceType(_, T::ResourceTypeDeactivated { reason }) => Some(reason.as_str()),
            Self::Org(..) | Self::Grant(..) | Self::ResourceType(..) => None,
        }
    }
}

fn of_org(id: OrgId, event: &OrgEvent) -> Vec<Part> {
    use OrgEvent as E;
    let org = Part::Org(id);
    let called = |name: &OrgName| Part::Called(id, name.to_string());
    match event {
        E::OrgCreated { name, slug } => {
            vec![text("created "), called(name), text(format!(" with the slug {slug}"))]
        }
        // The name before is not in the event, and today's would make an old sentence read oddly.
        E::OrgRenamed { name } => vec![text("renamed the organisation to "), called(name)],
        E::OrgSlugChanged { slug } => vec![text("changed the slug of "), org, text(format!(" to {slug}"))],
        E::OrgSuspended { reason } => vec![text("suspended "), org, text(format!(": {reason}"))],
        E::OrgReinstated {} => vec![text("reinstated "), org],
        E::OrgReinstatementScheduled { at } => {
            let at = at.format("%H:%M UTC on %-d %B %Y");
            vec![text("set the timer that reinstates "), org, text(format!(" at {at}"))]
        }
        E::OrgSuspensionConfirmed {} => vec![text("confirmed the suspension of "), org],
        E::OrgArchived { reason } => vec![text("archived "), org, text(format!(": {reason}"))],
        E::OrgRestored { suspended: None } => vec![text("restored "), org],
        E::OrgRestored { suspended: Some(reason) } => {
            vec![text("restored "), org, text(format!(", still suspended: {reason}"))]
        }
        E::OrgProtected {} => vec![text("protected "), org],
        E::OrgUnprotected {} => vec![text("lifted the protection of "), org],
        E::MemberInvited { person, role, .. } => {
            let role = format!(" as {}", role.as_str());
            vec![text("invited "), Part::Person(*person), text(" to "), org, text(role)]
        }
        E::InvitationRenewed { .. } => vec![text("made a new invitation link for "), org],
        E::InvitationWithdrawn { .. } => vec![text("withdrew an invitation to "), org],
        E::ResourceTypeChosen { code, choice } => {
            let code = Part::ResourceType(code.clone());
            match choice {
                Choice::OptedIn => vec![text("opted "), org, text(" into "), code],
                Choice::OptedOut => vec![text("opted "), org, text(" out of "), code],
            }
        }
        E::ResourceTypeChoiceDropped { code } => {
            vec![
                text("let "),
                org,
                text(" follow the policy of "),
                Part::ResourceType(code.clone()),
                text(" again"),
            ]
        }
        E::RoleAdded { role } => vec![text(format!("added the role {role} to ")), org],
        E::RoleRemoved { role } => vec![text(format!("removed the role {role} from ")), org],
        E::PermissionsGranted { role, code, actions } => {
            let (what, code) = (format!("let {role} {actions} "), Part::ResourceType(code.clone()));
            vec![text(what), code, text(" in "), org]
        }
        E::PermissionsWithdrawn { role, code, actions } => {
            let (what, code) = (format!("no longer let {role} {actions} "), Part::ResourceType(code.clone()));
            vec![text(what), code, text(" in "), org]
        }
        E::MemberJoined { role, .. } => vec![text("joined "), org, text(format!(" as {}", role.as_str()))],
    }
}

fn of_grant(person: Part, event: &GrantEvent) -> Vec<Part> {
    use GrantEvent as E;
    use PlatformRole::{Auditor, Superadmin};
    match event {
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
            vec![text(format!("asked for {} for ", role.as_str())), person, text(format!("{term}: {reason}"))]
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

fn of_resource_type(code: Part, event: &ResourceTypeEvent) -> Vec<Part> {
    use ResourceTypeEvent as E;
    match event {
        E::ResourceTypeDefined(it) => {
            let what = format!(" ({}: {}), {}", it.label, it.actions, spread(it.spread));
            vec![text("defined the resource type "), code, text(what)]
        }
        E::ResourceTypeRelabelled { label } => {
            vec![text("changed the label of "), code, text(format!(" to {label}"))]
        }
        E::ResourceTypeDescribed { .. } => vec![text("changed the description of "), code],
        E::ResourceTypeActionsSet { actions } => {
            vec![text("changed the actions of "), code, text(format!(" to {actions}"))]
        }
        E::ResourceTypeSpreadChanged { spread: to, .. } => {
            vec![text("changed how "), code, text(format!(" spreads: {}", spread(*to)))]
        }
        E::ResourceTypeDeactivated { reason } => {
            vec![text("deactivated "), code, text(format!(": {reason}"))]
        }
        E::ResourceTypeReactivated {} => vec![text("reactivated "), code],
    }
}

fn spread(spread: Spread) -> &'static str {
    match spread {
        Spread::Everywhere => "for every organisation",
        Spread::NewOnly => "for new organisations only",
        Spread::OptIn => "for organisations that choose it",
    }
}

fn text(text: impl Into<String>) -> Part {
    Part::Text(text.into())
}
