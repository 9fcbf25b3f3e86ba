//! Folds the events of an organisation into memberships and invitations.

use std::collections::{BTreeSet, HashMap};

use domain::AnyEvent;
use domain::org::{InvitationEvent, MemberEvent, OrgEvent, Role};
use uuid::Uuid;

use super::{ACCEPTED, InvitationRow, MembershipRow, OPEN, WITHDRAWN};
use crate::fold::{Entry, FoldError};
use crate::table::{ById, ChangeableRow, Rows};

impl ChangeableRow for InvitationRow {
    const BY_ID: ById = ById::Column(include_str!("../sql/memberships/invitations.sql"));

    fn id(&self) -> (Uuid, u128) {
        (self.invitation_id, 0)
    }

    fn aggregate(&self) -> Uuid {
        self.org_id
    }
}

impl ChangeableRow for MembershipRow {
    const BY_ID: ById = ById::Column(include_str!("../sql/memberships/rows.sql"));

    fn id(&self) -> (Uuid, u128) {
        (self.person_id, self.org_id.as_u128())
    }

    fn aggregate(&self) -> Uuid {
        self.org_id
    }
}

pub(crate) async fn fold(rows: &mut Rows<'_>, entries: &[&Entry]) -> Result<(), FoldError> {
    let ids = entries.iter().filter_map(|entry| invitation_of(entry)).collect();
    let found: Vec<InvitationRow> = rows.find(ids).await?;
    let mut invitations: HashMap<Uuid, InvitationRow> =
        found.into_iter().map(|row| (row.invitation_id, row)).collect();
    let mut members =
        Members::of(rows.find(entries.iter().filter_map(|entry| member_of(entry)).collect()).await?);
    for entry in entries {
        match entry.event()? {
            AnyEvent::Org(org, OrgEvent::Invitation(event)) => {
                if let InvitationEvent::MemberJoined { person, role, .. } = event {
                    members.join(entry, org.0, person.0, role);
                }
                settle(&mut invitations, entry, org.0, event)?;
            }
            AnyEvent::Org(org, OrgEvent::Member(event)) => members.apply(entry, org.0, event)?,
            AnyEvent::Org(_, OrgEvent::Lifecycle(_) | OrgEvent::Role(_) | OrgEvent::Choice(_))
            | AnyEvent::Grant(..)
            | AnyEvent::ResourceType(..) => {}
        }
    }
    rows.put(invitations.into_values().collect());
    members.leave(rows);
    Ok(())
}

/// The state of an invitation.
fn settle(
    invitations: &mut HashMap<Uuid, InvitationRow>,
    entry: &Entry,
    org: Uuid,
    event: &InvitationEvent,
) -> Result<(), FoldError> {
    match event {
        InvitationEvent::MemberInvited { invitation, person, role, expires_at } => {
            let row = InvitationRow {
                invitation_id: invitation.0,
                org_id: org,
                person_id: person.0,
                role: role.as_str().to_owned(),
                status: OPEN.to_owned(),
                expires_at: (*expires_at).into(),
                invited_at: entry.recorded.recorded_at,
                invited_by: entry.metadata()?.actor.to_string(),
                settled_at: None,
                position: entry.recorded.position,
            };
            invitations.insert(invitation.0, row);
        }
        InvitationEvent::InvitationRenewed { invitation, expires_at } => {
            known(invitations, invitation.0, entry)?.expires_at = (*expires_at).into();
        }
        InvitationEvent::InvitationWithdrawn { invitation } => {
            known(invitations, invitation.0, entry)?.settle(WITHDRAWN, entry);
        }
        InvitationEvent::MemberJoined { invitation, .. } => {
            known(invitations, invitation.0, entry)?.settle(ACCEPTED, entry);
        }
    }
    Ok(())
}

/// Memberships that a batch touches: as they were found, and as they are by now.
#[derive(Default)]
struct Members {
    found: HashMap<(Uuid, Uuid), MembershipRow>,
    now: HashMap<(Uuid, Uuid), MembershipRow>,
    touched: BTreeSet<(Uuid, Uuid)>,
}

impl Members {
    fn of(found: Vec<MembershipRow>) -> Self {
        let found: HashMap<_, _> = found.into_iter().map(|row| ((row.org_id, row.person_id), row)).collect();
        Self { now: found.clone(), found, touched: BTreeSet::new() }
    }

    fn join(&mut self, entry: &Entry, org_id: Uuid, person_id: Uuid, role: &Role) {
        let (role, joined_at) = (role.as_str().to_owned(), entry.recorded.recorded_at);
        let position = entry.recorded.position;
        self.touched.insert((org_id, person_id));
        let row = MembershipRow { org_id, person_id, role, joined_at, position };
        self.now.insert((org_id, person_id), row);
    }

    fn apply(&mut self, entry: &Entry, org: Uuid, event: &MemberEvent) -> Result<(), FoldError> {
        let gone = || entry.poison("a membership begins with MemberJoined");
        match event {
            MemberEvent::MemberRoleChanged { person, role } => {
                let row = self.now.get_mut(&(org, person.0)).ok_or_else(gone)?;
                role.as_str().clone_into(&mut row.role);
                self.touched.insert((org, person.0));
            }
            MemberEvent::MemberRemoved { person } | MemberEvent::MemberLeft { person } => {
                self.now.remove(&(org, person.0)).ok_or_else(gone)?;
                self.touched.insert((org, person.0));
            }
            MemberEvent::MemberReadmitted { person, role } => self.join(entry, org, person.0, role),
        }
        Ok(())
    }

    fn leave(mut self, rows: &mut Rows<'_>) {
        let (mut stay, mut go) = (vec![], vec![]);
        for key in &self.touched {
            match (self.now.remove(key), self.found.remove(key)) {
                (Some(row), _) => stay.push(row),
                (None, Some(row)) => go.push(row),
                (None, None) => {}
            }
        }
        rows.put(stay);
        rows.remove(go);
    }
}

/// Whose membership an event changes.
fn member_of(entry: &Entry) -> Option<Uuid> {
    use MemberEvent as E;
    match entry.event.as_ref().ok()? {
        AnyEvent::Org(_, OrgEvent::Member(event)) => match event {
            E::MemberRoleChanged { person, .. }
            | E::MemberRemoved { person }
            | E::MemberLeft { person }
            | E::MemberReadmitted { person, .. } => Some(person.0),
        },
        AnyEvent::Org(_, OrgEvent::Invitation(InvitationEvent::MemberJoined { person, .. })) => {
            Some(person.0)
        }
        AnyEvent::Org(..) | AnyEvent::Grant(..) | AnyEvent::ResourceType(..) => None,
    }
}

fn invitation_of(entry: &Entry) -> Option<Uuid> {
    use InvitationEvent as E;
    let AnyEvent::Org(_, OrgEvent::Invitation(event)) = entry.event.as_ref().ok()? else { return None };
    match event {
        E::InvitationRenewed { invitation, .. }
        | E::InvitationWithdrawn { invitation }
        | E::MemberJoined { invitation, .. } => Some(invitation.0),
        E::MemberInvited { .. } => None, // begins one
    }
}

fn known<'a>(
    invitations: &'a mut HashMap<Uuid, InvitationRow>,
    id: Uuid,
    entry: &Entry,
) -> Result<&'a mut InvitationRow, FoldError> {
    invitations.get_mut(&id).ok_or_else(|| entry.poison("an invitation begins with MemberInvited"))
}

impl InvitationRow {
    fn settle(&mut self, status: &str, entry: &Entry) {
        status.clone_into(&mut self.status);
        self.settled_at = Some(entry.recorded.recorded_at);
    }
}
