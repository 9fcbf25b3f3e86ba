//! Reads grants and memberships from the streams themselves when the read models can't be relied on, because they are
//! behind the log or leave out something of that stream.
//!
//! **Invariant:** what can't be read gives nothing. On the usual way, where the read models are sound, nothing is asked.

use domain::values::{OrgId, PersonId};
use domain::{Grant, Org};
use uuid::Uuid;

use crate::db::read;
use crate::event_log::{EventLog, StreamId};
use crate::fold::{Entry, FoldError};
use crate::grants::{self, ActiveGrant, GrantRow, HeldRow};
use crate::memberships::{self, Membership, MembershipRow};
use crate::org_detail::{self, OrgDetail};
use crate::projector::Projector;
use crate::table::{RowMemory, Rows};
use crate::timestamp::Timestamp;

/// The active grant of a person at `now`. `read` is the answer of the read model, used if that is sound.
pub async fn grant(
    projector: &Projector,
    person: PersonId,
    read: Option<ActiveGrant>,
    now: Timestamp,
) -> Result<Option<ActiveGrant>, FoldError> {
    let stream = StreamId::of::<Grant>(person);
    if projector.is_sound(&stream) {
        return Ok(read);
    }
    let (mut memory, entries) = (RowMemory::default(), entries(projector.log(), &stream).await?);
    let entries: Vec<&Entry> = entries.iter().collect();
    grants::fold(&mut Rows::Pending(&mut memory), &entries).await?;
    let held = memory.take::<GrantRow>().filter(|row| row.ended_at.is_none());
    let held: Vec<HeldRow> = held.map(HeldRow::from).collect();
    Ok(ActiveGrant::among(person.0, &held, now))
}

/// Corrects a membership that the read models found by the organisation's stream; nothing if the stream has no such
/// member, or the organisation was archived.
pub async fn membership(projector: &Projector, found: Membership) -> Result<Option<Membership>, FoldError> {
    let stream = StreamId::of::<Org>(OrgId(found.org_id));
    if projector.is_sound(&stream) {
        return Ok(Some(found));
    }
    let log = projector.log();
    if !projector.leaves_out(&stream) && log.sequence(&stream).await? <= folded(log, found.org_id).await? {
        return Ok(Some(found));
    }
    let (mut memory, entries) = (RowMemory::default(), entries(log, &stream).await?);
    let entries: Vec<&Entry> = entries.iter().collect();
    let mut rows = Rows::Pending(&mut memory);
    org_detail::fold(&mut rows, &entries).await?;
    memberships::fold(&mut rows, &entries).await?;
    let org = memory.take::<OrgDetail>().next().filter(OrgDetail::is_there);
    let member = memory.take::<MembershipRow>().find(|row| row.person_id == found.person_id);
    Ok(org.zip(member).map(|(org, member)| as_of_now(found, org, member)))
}

fn as_of_now(found: Membership, org: OrgDetail, member: MembershipRow) -> Membership {
    let OrgDetail { name, slug, status, reason, status_position, .. } = org;
    // `refused_at` belongs to the suspension that the read model knew: it is kept only if the status has not changed since.
    let refused_at = found.refused_at.filter(|_| found.status_position == status_position);
    Membership { role: member.role, name, slug, status, reason, status_position, refused_at, ..found }
}

async fn entries(log: &EventLog, stream: &StreamId) -> Result<Vec<Entry>, sqlx::Error> {
    Ok(log.stream(stream, 0).await?.into_iter().map(Entry::read).collect())
}

/// The sequence up to which the read model has folded an organisation.
async fn folded(log: &EventLog, org_id: Uuid) -> Result<i64, sqlx::Error> {
    let folded: Option<i64> = read!(log.db(), |pool| {
        let sequence = sqlx::query_scalar(include_str!("sql/projector/folded_org.sql"));
        sequence.bind(org_id).fetch_optional(pool).await
    })?;
    Ok(folded.unwrap_or(0))
}
