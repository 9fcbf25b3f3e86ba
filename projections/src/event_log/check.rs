//! Which of the waiting appends pass, decided in memory under the lock.
//!
//! **Invariant:** pure. Everything that the answer depends on was read after the lock was taken ([`BatchState`]), and
//! each append that passes changes it for the ones behind: two appends of one batch race exactly like two of two
//! batches.

use std::collections::{HashMap, HashSet};

use domain::{Constraint, event};
use uuid::Uuid;

use super::alarm::LogStanding;
use super::{
    Append, AppendError, Appended, Authority, CompanionRows, Draft, InvitedPerson, Joined, StreamId,
};
use crate::timestamp::Timestamp;

/// What the store says about everything that a batch touches.
#[derive(Debug)]
pub(super) struct BatchState {
    pub(super) position: i64,
    /// The time with which the next events are stamped: the store's clock, but not before the last event.
    pub(super) now: Timestamp,
    /// The end of the log and the clocks.
    pub(super) standing: LogStanding,
    /// The reason why the next events are stamped earlier than the one before them, if they are.
    pub(super) time_continues: Option<String>,
    /// The lowest feature level of all running processes; none if none has reported that it runs.
    pub(super) feature_level: Option<i64>,
    pub(super) sequences: HashMap<StreamId, i64>,
    pub(super) claims: HashMap<(String, String), StreamId>,
    pub(super) guards: HashMap<String, i64>,
    pub(super) commands: HashMap<Uuid, DoneCommand>,
    /// People by their address.
    pub(super) people: HashMap<String, Uuid>,
    /// The people among them who have a password.
    pub(super) with_password: HashSet<Uuid>,
}

/// A command that was carried out, earlier or in this batch.
#[derive(Clone, Debug)]
pub(super) struct DoneCommand {
    /// The fingerprint in hexadecimal digits.
    pub(super) fingerprint: String,
    pub(super) actor: String,
    pub(super) appended: Appended,
}

/// The answer to one append.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The append is to be written at these positions.
    Write(Appended),
    /// The command was carried out before, and this is its first answer.
    Repeat(Appended),
    Refuse(AppendError),
}

impl BatchState {
    /// If somebody accepted that the last event is stamped later than now, the next events are stamped by the clock again,
    /// and their metadata says why.
    pub(super) fn put_time_right(&mut self) -> bool {
        let goes_back = self.now > self.standing.clock && self.standing.jump.is_some();
        if goes_back {
            self.now = self.standing.clock;
            self.time_continues.clone_from(&self.standing.jump);
        }
        goes_back
    }

    /// Decides about one append. If it passes, the state changes as if it were written.
    pub(super) fn judge(&mut self, append: &Append) -> Verdict {
        if let Some(done) = self.commands.get(&append.metadata.command) {
            let same = done.fingerprint == hex::encode(append.fingerprint)
                && done.actor == append.metadata.actor.to_string();
            return if same {
                Verdict::Repeat(done.appended)
            } else {
                Verdict::Refuse(AppendError::CommandReused)
            };
        }
        match self.refusal(append) {
            Some(refusal) => Verdict::Refuse(refusal),
            None => Verdict::Write(self.accept(append)),
        }
    }

    fn refusal(&self, append: &Append) -> Option<AppendError> {
        let stands = |stream: &StreamId| self.sequences.get(stream).copied().unwrap_or(0);
        let is_gone = |authority: &Authority| {
            let has_begun = authority.from.is_none_or(|from| from <= self.standing.clock);
            let is_over = authority.until.is_some_and(|until| until <= self.standing.clock);
            !has_begun || is_over || stands(&authority.stream) != authority.sequence
        };
        if append.authority.as_ref().is_some_and(is_gone) {
            return Some(AppendError::AuthorityChanged);
        }
        if append.events.iter().any(|event| self.is_too_new(&append.stream, event)) {
            return Some(AppendError::OlderProcess);
        }
        let actual = stands(&append.stream);
        if actual != append.after {
            return Some(AppendError::Conflict { actual });
        }
        self.unmet_constraint(append).or_else(|| self.contradicted(append.beside.as_ref()?))
    }

    /// The reason why the companion rows can't be written, if there is one.
    fn contradicted(&self, beside: &CompanionRows) -> Option<AppendError> {
        match beside {
            CompanionRows::Invited(InvitedPerson { email, person, .. }) => {
                let held = |(address, id): (&String, &Uuid)| (address == email.as_str()) != (*id == person.0);
                self.people.iter().any(held).then_some(AppendError::AddressTaken)
            }
            CompanionRows::Joined(Joined { person, .. }) => {
                self.with_password.contains(&person.0).then_some(AppendError::PasswordChosen)
            }
        }
    }

    /// Says whether some running process could not read the event.
    pub(super) fn is_too_new(&self, stream: &StreamId, event: &Draft) -> bool {
        let needed = event::level(&stream.kind, &event.event_type, &event.event_version);
        needed.zip(self.feature_level).is_some_and(|(needed, lowest)| needed > lowest)
    }

    fn unmet_constraint(&self, append: &Append) -> Option<AppendError> {
        let mut change: HashMap<&str, i64> = HashMap::new();
        for constraint in append.events.iter().flat_map(|event| &event.constraints) {
            match constraint {
                Constraint::Claim { namespace, key } => {
                    let holder = self.claims.get(&((*namespace).to_owned(), key.clone()));
                    if let Some(holder) = holder.filter(|holder| **holder != append.stream) {
                        let (namespace, key, holder) = (*namespace, key.clone(), holder.clone());
                        return Some(AppendError::Taken { namespace, key, holder });
                    }
                }
                Constraint::Guard { name, delta, floor } => {
                    let change = change.entry(name).or_default();
                    *change += delta;
                    let value = self.guards.get(*name).copied().unwrap_or(0) + *change;
                    if *delta < 0 && value < *floor {
                        return Some(AppendError::Guarded { name });
                    }
                }
            }
        }
        None
    }

    fn accept(&mut self, append: &Append) -> Appended {
        let number = i64::try_from(append.events.len()).expect("an append has few events");
        let first_position = self.position + 1;
        self.position += number;
        let sequence = append.after + number;
        self.sequences.insert(append.stream.clone(), sequence);
        for constraint in append.events.iter().flat_map(|event| &event.constraints) {
            match constraint {
                Constraint::Claim { namespace, key } => {
                    self.claims.insert(((*namespace).to_owned(), key.clone()), append.stream.clone());
                }
                Constraint::Guard { name, delta, .. } => {
                    *self.guards.entry((*name).to_owned()).or_default() += delta;
                }
            }
        }
        match &append.beside {
            Some(CompanionRows::Invited(InvitedPerson { email, person, .. })) => {
                self.people.insert(email.to_string(), person.0);
            }
            Some(CompanionRows::Joined(Joined { person, .. })) => drop(self.with_password.insert(person.0)),
            None => {}
        }
        let appended = Appended { first_position, last_position: self.position, sequence };
        if append.events.is_empty() {
            return appended; // no effect, so nothing to repeat: it is not remembered
        }
        let (fingerprint, actor) = (hex::encode(append.fingerprint), append.metadata.actor.to_string());
        self.commands.insert(append.metadata.command, DoneCommand { fingerprint, actor, appended });
        appended
    }
}
