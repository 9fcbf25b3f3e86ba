//! Folds each event into the rows of grants and requests.
//!
//! **Invariant:** every row of a person holds the last sequence of the person's stream, whatever the event was about.

use std::collections::BTreeMap;

use domain::AnyEvent;
use domain::grant::{End, GrantEvent, Granted, PlatformRole, Revoked, Term};
use domain::values::{PersonId, Reason, RequestId};
use uuid::Uuid;

use super::requests::{APPROVED, DECLINED, GrantRequest, OPEN, WITHDRAWN};
use super::{EXPIRED, GrantRow, REPLACED, REVOKED};
use crate::fold::{Entry, FoldError, begun_before};
use crate::table::{ChangeableRow, Rows};

pub(crate) async fn fold(rows: &mut Rows<'_>, entries: &[&Entry]) -> Result<(), FoldError> {
    let people = begun_before(entries);
    let mut folding = GrantRows {
        grants: by_id(rows.find::<GrantRow>(people.clone()).await?),
        requests: by_id(rows.find::<GrantRequest>(people).await?),
    };
    for entry in entries {
        if let AnyEvent::Grant(person, event) = entry.event()? {
            folding.take(entry, person.0, event)?;
        }
    }
    rows.put(folding.grants.into_values().collect());
    rows.put(folding.requests.into_values().collect());
    Ok(())
}

/// Rows by the person and the position of their first event.
type ById<R> = BTreeMap<(Uuid, u128), R>;

fn by_id<R: ChangeableRow>(rows: Vec<R>) -> ById<R> {
    rows.into_iter().map(|row| (row.id(), row)).collect()
}

fn of_person<R>(rows: &mut ById<R>, person: Uuid) -> impl Iterator<Item = &mut R> {
    rows.range_mut((person, u128::MIN)..=(person, u128::MAX)).map(|(_, row)| row)
}

/// The rows of all people whom the events are about.
struct GrantRows {
    grants: ById<GrantRow>,
    requests: ById<GrantRequest>,
}

/// The content of a request: who asked, for what and why.
struct RequestContent<'a> {
    request: RequestId,
    role: PlatformRole,
    reason: &'a Reason,
    term: Term,
    by: PersonId,
}

impl GrantRows {
    fn take(&mut self, entry: &Entry, person: Uuid, event: &GrantEvent) -> Result<(), FoldError> {
        use GrantEvent as E;
        use PlatformRole::{Auditor, Superadmin};
        match event {
            E::SuperadminGranted(granted) => self.grant(entry, person, Superadmin, granted)?,
            E::AuditorGranted(granted) => self.grant(entry, person, Auditor, granted)?,
            E::SuperadminStarted { .. } => self.held(entry, person, Superadmin)?.begun = true,
            E::AuditorStarted { .. } => self.held(entry, person, Auditor)?.begun = true,
            E::SuperadminRevoked(revoked) => self.revoke(entry, person, Superadmin, revoked)?,
            E::AuditorRevoked(revoked) => self.revoke(entry, person, Auditor, revoked)?,
            E::SuperadminExpired { .. } => {
                self.held(entry, person, Superadmin)?.end(entry, EXPIRED, None)?;
            }
            E::AuditorExpired { .. } => self.held(entry, person, Auditor)?.end(entry, EXPIRED, None)?,
            E::GrantRequested { request, role, reason, term, by, .. } => {
                let (request, role, term, by) = (*request, *role, *term, *by);
                self.ask(entry, person, &RequestContent { request, role, reason, term, by });
            }
            E::RequestDeclined { request, reason, .. } => {
                self.open(entry, person, *request)?.settle(entry, DECLINED, Some(reason))?;
            }
            E::RequestWithdrawn { request, .. } => {
                self.open(entry, person, *request)?.settle(entry, WITHDRAWN, None)?;
            }
        }
        let sequence = entry.recorded.sequence;
        of_person(&mut self.grants, person).for_each(|row| row.sequence = sequence);
        of_person(&mut self.requests, person).for_each(|row| row.sequence = sequence);
        Ok(())
    }

    fn grant(
        &mut self,
        entry: &Entry,
        person: Uuid,
        role: PlatformRole,
        granted: &Granted,
    ) -> Result<(), FoldError> {
        if let Some(request) = granted.request {
            self.open(entry, person, request)?.settle(entry, APPROVED, None)?;
        }
        let row = GrantRow::new(entry, person, role, granted)?;
        self.grants.insert(row.id(), row);
        Ok(())
    }

    fn revoke(
        &mut self,
        entry: &Entry,
        person: Uuid,
        role: PlatformRole,
        revoked: &Revoked,
    ) -> Result<(), FoldError> {
        let ending = if revoked.replaced { REPLACED } else { REVOKED };
        self.held(entry, person, role)?.end(entry, ending, Some(&revoked.reason))
    }

    fn ask(&mut self, entry: &Entry, person: Uuid, asked: &RequestContent<'_>) {
        let row = GrantRequest::new(entry, person, asked);
        self.requests.insert(row.id(), row);
    }

    /// The grant of this role that has not ended.
    fn held(&mut self, entry: &Entry, person: Uuid, role: PlatformRole) -> Result<&mut GrantRow, FoldError> {
        let held = |row: &&mut GrantRow| row.role == role.as_str() && row.ended_at.is_none();
        of_person(&mut self.grants, person).find(held).ok_or_else(|| entry.poison("nobody holds this role"))
    }

    fn open(
        &mut self,
        entry: &Entry,
        person: Uuid,
        request: RequestId,
    ) -> Result<&mut GrantRequest, FoldError> {
        let open = |row: &&mut GrantRequest| row.request_id == request.0 && row.is_open();
        of_person(&mut self.requests, person).find(open).ok_or_else(|| entry.poison("no such open request"))
    }
}

impl GrantRow {
    fn new(entry: &Entry, person_id: Uuid, role: PlatformRole, granted: &Granted) -> Result<Self, FoldError> {
        let Granted { reason, from, until, request } = granted;
        Ok(Self {
            person_id,
            role: role.as_str().to_owned(),
            position: entry.recorded.position,
            granted_at: entry.recorded.recorded_at,
            granted_by: entry.metadata()?.actor.to_string(),
            reason: reason.to_string(),
            starts_at: from.map(Into::into),
            begun: from.is_none(),
            until_at: until.map(Into::into),
            request_id: request.map(|request| request.0),
            sequence: entry.recorded.sequence,
            ending: None,
            ended_at: None,
            ended_by: None,
            ended_reason: None,
            ended_position: None,
        })
    }

    fn end(&mut self, entry: &Entry, ending: &str, reason: Option<&Reason>) -> Result<(), FoldError> {
        self.ending = Some(ending.to_owned());
        self.ended_at = Some(entry.recorded.recorded_at);
        self.ended_by = Some(entry.metadata()?.actor.to_string());
        self.ended_reason = reason.map(ToString::to_string);
        self.ended_position = Some(entry.recorded.position);
        Ok(())
    }
}

impl GrantRequest {
    fn new(entry: &Entry, person_id: Uuid, asked: &RequestContent<'_>) -> Self {
        let (until_at, seconds) = match asked.term.end {
            End::Never => (None, None),
            End::At(until) => (Some(until.into()), None),
            End::AfterSeconds(seconds) => (None, Some(seconds)),
        };
        Self {
            request_id: asked.request.0,
            person_id,
            position: entry.recorded.position,
            sequence: entry.recorded.sequence,
            role: asked.role.as_str().to_owned(),
            reason: asked.reason.to_string(),
            starts_at: asked.term.from.map(Into::into),
            until_at,
            seconds,
            asked_at: entry.recorded.recorded_at,
            asked_by: asked.by.0,
            status: OPEN.to_owned(),
            settled_at: None,
            settled_by: None,
            settled_reason: None,
            settled_position: None,
        }
    }

    fn settle(&mut self, entry: &Entry, status: &str, reason: Option<&Reason>) -> Result<(), FoldError> {
        status.clone_into(&mut self.status);
        self.settled_at = Some(entry.recorded.recorded_at);
        self.settled_by = Some(entry.metadata()?.actor.to_string());
        self.settled_reason = reason.map(ToString::to_string);
        self.settled_position = Some(entry.recorded.position);
        Ok(())
    }
}
