//! Writes to the process log that an owner has joined, for whoever watches that: an organisation is in use from then on.

use domain::AnyEvent;
use domain::org::{InvitationEvent, OrgEvent, Role};

use super::{Happened, Reaction};

pub(super) fn act(happened: &Happened<'_>) -> Reaction {
    let AnyEvent::Org(
        org,
        OrgEvent::Invitation(InvitationEvent::MemberJoined { person, role: Role::Owner, .. }),
    ) = &happened.event
    else {
        return Reaction::Nothing;
    };
    let (position, at) = (happened.recorded.position, happened.recorded.recorded_at);
    tracing::info!(position, %org, %person, joined_at = at.to_rfc3339(), "owner joined");
    Reaction::Acted
}
