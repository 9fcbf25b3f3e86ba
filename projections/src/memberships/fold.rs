//! Folds the events of an organisation into memberships and invitations.

use std::collections::HashMap;

use domain::AnyEvent;
use domain::org::{InvitationEvent, OrgEvent, Role};
use uuid::Uuid;

use super::{ACCEPTED, Invitation, MembershipRow, OPEN, WITHDRAWN};
use crate::fold::{Entry, FoldError};
use crate::table::{ById, Found, Rows};
use crate::timestamp::Timestamp;

impl Found for Invitation {
    const BY_ID: ById = ById::Column(include_str!("../sql/memberships/invitations.sql"));

    fn id(&self) -> (Uuid, i64) {
        (self.invitation_id, 0)
    }

    fn aggregate(&self) -> Uuid {
        self.org_id
    }
}

pub(crate) async fn fold(rows: &mut Rows<'_>, entries: &[&Entry]) -> Result<(), FoldError> {
    let ids = entries.iter().filter_map(|entry| invitation_of(entry)).collect();
    let found: Vec<Invitation> = rows.find(ids).await?;
    let mut invitations: HashMap<Uuid, Invitation> =
        found.into_iter().map(|row| (row.invitation_id, row)).collect();
    let mut members: HashMap<(Uuid, Uuid), MembershipRow> = HashMap::new();
    for entry in entries {
        let AnyEvent::Org(org, OrgEvent::Invitation(event)) = entry.event()? else { continue };
        match event {
            InvitationEvent::MemberInvited { invitation, person, role, expires_at } => {
                let row =
                    Invitation::new(entry, (org.0, invitation.0, person.0), role, (*expires_at).into())?;
                invitations.insert(invitation.0, row);
            }
            InvitationEvent::InvitationRenewed { invitation, expires_at } => {
                known(&mut invitations, invitation.0, entry)?.expires_at = (*expires_at).into();
            }
            InvitationEvent::InvitationWithdrawn { invitation } => {
                known(&mut invitations, invitation.0, entry)?.settle(WITHDRAWN, entry);
            }
            InvitationEvent::MemberJoined { invitation, person, role } => {
                known(&mut invitations, invitation.0, entry)?.settle(ACCEPTED, entry);
                let (org_id, person_id, position) = (org.0, person.0, entry.recorded.position);
                let (role, joined_at) = (role.as_str().to_owned(), entry.recorded.recorded_at);
                members.insert(
                    (org_id, person_id),
                    MembershipRow { org_id, person_id, role, joined_at, position },
                );
            }
        }
    }
    rows.put(invitations.into_values().collect());
    rows.add(members.into_values().collect());
    Ok(())
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
    invitations: &'a mut HashMap<Uuid, Invitation>,
    id: Uuid,
    entry: &Entry,
) -> Result<&'a mut Invitation, FoldError> {
    invitations.get_mut(&id).ok_or_else(|| entry.poison("an invitation begins with MemberInvited"))
}

impl Invitation {
    fn new(
        entry: &Entry,
        (org_id, invitation_id, person_id): (Uuid, Uuid, Uuid),
        role: &Role,
        expires_at: Timestamp,
    ) -> Result<Self, FoldError> {
        Ok(Self {
            invitation_id,
            org_id,
            person_id,
            role: role.as_str().to_owned(),
            status: OPEN.to_owned(),
            expires_at,
            invited_at: entry.recorded.recorded_at,
            invited_by: entry.metadata()?.actor.to_string(),
            settled_at: None,
            position: entry.recorded.position,
        })
    }

    fn settle(&mut self, status: &str, entry: &Entry) {
        status.clone_into(&mut self.status);
        self.settled_at = Some(entry.recorded.recorded_at);
    }
}
