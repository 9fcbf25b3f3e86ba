//! Answers what one organisation, or the resource types, looked like as of a position.
//!
//! What an aggregate leaves in the read models follows from its own stream alone. So its events up to a position, folded
//! in memory by the folds that serve, give the rows that the read models had then, and nobody keeps old ones for it.
//! The [list of organisations](crate::org_list) and the [grants](crate::grants) know the positions from and to which
//! their rows hold, and are asked where they stand.
//!
//! **Invariant:** nothing is written here, and nothing that came after the position is looked at.

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use domain::org::Role;
use domain::values::OrgId;
use domain::{Org, ResourceType};
use uuid::Uuid;

use crate::db::{read, scoped};
use crate::event_log::{EventLog, Recorded, StreamId};
use crate::fold::{Entry, FoldError};
use crate::memberships::{self, InvitationRow, MembershipRow, OPEN};
use crate::org_detail::{self, OrgDetail};
use crate::permissions::{self, Matrix, PermissionRow, RoleCount, RoleRow};
use crate::resource_types::{self, ChoiceRow, OrgResourceType, ResourceTypeRow};
use crate::scope::{Platform, Scope};
use crate::table::{RowMemory, Rows};
use crate::timestamp::Timestamp;

/// An organisation with everything that pages show of it.
#[derive(Clone, Debug)]
pub struct OrgAsOf {
    pub org: OrgDetail,
    /// Owners first, then those who joined first.
    pub members: Vec<MembershipRow>,
    /// All invitations up to the position, the newest first.
    pub invitations: Vec<InvitationRow>,
    /// The resource types that were active, by their codes: those that the organisation had, and those that it could have.
    pub types: Vec<OrgResourceType>,
    pub matrix: Matrix,
    /// The organisation's last event up to the position.
    pub last: Recorded,
}

/// The last position that was recorded at a moment or before it: 0 before the first event.
pub async fn position(log: &EventLog, at: Timestamp) -> Result<i64, sqlx::Error> {
    let last: Option<i64> = read!(log.db(), |pool| {
        sqlx::query_scalar(include_str!("sql/as_of/position.sql")).bind(at).fetch_optional(pool).await
    })?;
    Ok(last.unwrap_or(0))
}

/// One organisation as of a position, and as of a later one. Its events are folded only once for both. Nothing if it did
/// not exist yet.
pub async fn org(
    log: &EventLog,
    scope: &Scope,
    org_id: Uuid,
    then: i64,
    now: i64,
) -> Result<(Option<OrgAsOf>, Option<OrgAsOf>), FoldError> {
    let mut folding = OrgFold::default();
    folding.go_on(log, scope, org_id, then).await?;
    let was = folding.clone().told(log, then).await?;
    folding.go_on(log, scope, org_id, now).await?;
    Ok((was, folding.told(log, now).await?))
}

/// The rows of one organisation, as far as its events are folded.
#[derive(Clone, Debug, Default)]
struct OrgFold {
    memory: RowMemory,
    last: Option<Recorded>,
}

impl OrgFold {
    async fn go_on(
        &mut self,
        log: &EventLog,
        scope: &Scope,
        org_id: Uuid,
        up_to: i64,
    ) -> Result<(), FoldError> {
        let mut turn = None;
        loop {
            let sequence = self.last.as_ref().map_or(0, |event| event.sequence);
            let events = next(log, scope, org_id, sequence, up_to).await?;
            let ended = events.len() < BATCH;
            self.last = events.last().cloned().or(self.last.take());
            let entries: Vec<Entry> = events.into_iter().map(Entry::read).collect();
            fold_org(&mut self.memory, &entries.iter().collect::<Vec<_>>()).await?;
            if ended {
                return Ok(());
            }
            if turn.is_none() {
                turn = log.turn_at_a_long_stream().await;
            }
        }
    }

    async fn told(self, log: &EventLog, position: i64) -> Result<Option<OrgAsOf>, FoldError> {
        let types = types(log, position).await?;
        Ok(self.last.and_then(|last| OrgAsOf::of(self.memory, &types, last)))
    }
}

/// All resource types as of a position, active ones first and by their codes.
pub async fn resource_types(
    log: &EventLog,
    _: &Platform,
    position: i64,
) -> Result<Vec<ResourceTypeRow>, FoldError> {
    types(log, position).await
}

/// Events that are read at a time.
const BATCH: usize = 1000;

async fn next(
    log: &EventLog,
    scope: &Scope,
    org_id: Uuid,
    after_sequence: i64,
    up_to_position: i64,
) -> Result<Vec<Recorded>, sqlx::Error> {
    let stream = StreamId::of::<Org>(OrgId(org_id));
    scoped!(log.db(), scope, org_id, |conn| {
        sqlx::query_as(include_str!("sql/as_of/stream.sql"))
            .bind(&stream.kind)
            .bind(&stream.id)
            .bind(after_sequence)
            .bind(up_to_position)
            .bind(i64::try_from(BATCH).unwrap_or(i64::MAX))
            .fetch_all(conn)
            .await
    })
}

async fn fold_org(memory: &mut RowMemory, entries: &[&Entry]) -> Result<(), FoldError> {
    let mut rows = Rows::Pending(memory);
    org_detail::fold(&mut rows, entries).await?;
    memberships::fold(&mut rows, entries).await?;
    resource_types::fold(&mut rows, entries).await?;
    permissions::fold(&mut rows, entries).await
}

async fn types(log: &EventLog, position: i64) -> Result<Vec<ResourceTypeRow>, FoldError> {
    let events: Vec<Recorded> = read!(log.db(), |pool| {
        sqlx::query_as(include_str!("sql/as_of/of_kind.sql"))
            .bind(ResourceType::TYPE)
            .bind(position)
            .fetch_all(pool)
            .await
    })?;
    let entries: Vec<Entry> = events.into_iter().map(Entry::read).collect();
    let mut memory = RowMemory::default();
    resource_types::fold(&mut Rows::Pending(&mut memory), &readable(&entries)).await?;
    let mut types: Vec<ResourceTypeRow> = memory.take::<ResourceTypeRow>().collect();
    types.sort_by(|one, other| (!one.active, &one.code).cmp(&(!other.active, &other.code)));
    Ok(types)
}

/// For each stream, the events before the first one that only a newer version can read: the read models fold no more.
fn readable(entries: &[Entry]) -> Vec<&Entry> {
    let newer = entries.iter().filter(|entry| entry.newer().is_some());
    let mut from: BTreeMap<&str, i64> = BTreeMap::new();
    for entry in newer {
        from.entry(&entry.recorded.aggregate_id).or_insert(entry.recorded.position);
    }
    let is_read = |entry: &&Entry| {
        from.get(entry.recorded.aggregate_id.as_str()).is_none_or(|from| entry.recorded.position < *from)
    };
    entries.iter().filter(is_read).collect()
}

impl OrgAsOf {
    fn of(mut memory: RowMemory, types: &[ResourceTypeRow], last: Recorded) -> Option<Self> {
        let org = memory.take::<OrgDetail>().next()?;
        let mut members: Vec<MembershipRow> = memory.take::<MembershipRow>().collect();
        members.sort_by_key(|member| (member.role != Role::Owner.as_str(), member.position));
        let mut invitations: Vec<InvitationRow> = memory.take::<InvitationRow>().collect();
        invitations.sort_by_key(|invitation| std::cmp::Reverse(invitation.position));
        let choices: BTreeMap<String, ChoiceRow> =
            memory.take::<ChoiceRow>().map(|choice| (choice.code.clone(), choice)).collect();
        let active = types.iter().filter(|row| row.active);
        let types: Vec<OrgResourceType> =
            active.map(|row| OrgResourceType::of(row, &org, choices.get(&row.code))).collect();
        let own: Vec<RoleRow> = memory.take::<RoleRow>().filter(|role| !role.removed).collect();
        let permissions: Vec<PermissionRow> = memory.take::<PermissionRow>().collect();
        let roles = headcounts(&own, &members, &invitations);
        let matrix = Matrix::new(roles, types.clone(), permissions.into_iter().map(PermissionRow::decided));
        Some(Self { org, members, invitations, types, matrix, last })
    }

    /// The invitations that were open, the newest first.
    pub fn open_invitations(&self) -> impl Iterator<Item = &InvitationRow> {
        self.invitations.iter().filter(|invitation| invitation.status == OPEN)
    }
}

/// Counts who has each role: first the built-in roles, then the organisation's own by their names.
fn headcounts(own: &[RoleRow], members: &[MembershipRow], invitations: &[InvitationRow]) -> Vec<RoleCount> {
    let mut names: Vec<&str> = own.iter().map(|role| role.name.as_str()).collect();
    names.sort_unstable();
    let everywhere = [Role::Owner, Role::Admin, Role::Member];
    let open = |invitation: &&InvitationRow, role: &str| invitation.status == OPEN && invitation.role == role;
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    everywhere
        .iter()
        .map(Role::as_str)
        .chain(names)
        .map(|role| RoleCount {
            role: role.to_owned(),
            members: count(members.iter().filter(|member| member.role == role).count()),
            invited: count(invitations.iter().filter(|it| open(it, role)).count()),
        })
        .collect()
}
