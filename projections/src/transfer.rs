//! The log as a file: one JSON object per line, people first, then events in their order.
//!
//! Export, backup, seed and fixture are the same format.
//!
//! **Invariant:** payload and metadata are carried byte for byte, so every hash holds on the other side, on either
//! engine.

use std::io::{BufRead, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use domain::values::{Email, PersonId, PersonName, ValueError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::db::{note, read};
use crate::event_log::{ImportError, Recorded};
use crate::projector::Progress;
use crate::timestamp::Timestamp;
use crate::{Db, EventLog, people};

enum TransferLine {
    Event(Box<EventLine>),
    Person(PersonLine),
}

/// Tells the two kinds of lines apart: only an event has a position.
#[derive(Deserialize)]
struct LineKind {
    position: Option<serde::de::IgnoredAny>,
}

/// An event as a line of a file. Further fields are refused: nothing would prove them, and an import would lose them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventLine {
    position: i64,
    /// RFC 3339 with microseconds, in UTC.
    recorded_at: String,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    payload: Box<RawValue>,
    metadata: Box<RawValue>,
    /// SHA-256 in hexadecimal digits.
    leaf_hash: String,
}

/// What stands in place of an event of which no line can be made, such as one that is no JSON. No import takes it, and
/// whoever verifies the file refuses it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnreadableLine {
    pub(crate) position: i64,
    /// Why there is no line.
    unreadable: String,
}

/// An event as a line of a file, with the line break.
pub struct ExportedLine {
    pub bytes: Vec<u8>,
    /// False if the line only names the event, since it can't be told.
    pub is_told: bool,
}

#[derive(Serialize, Deserialize)]
struct PersonLine {
    person_id: Uuid,
    email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error("line {line}: {why}")]
    Line { line: usize, why: String },
    #[error(
        "#{position} is no event that could be told: {why}; `portal verify` names everything that was changed"
    )]
    Event { position: i64, why: String },
    #[error("the file can't be read or written: {0}")]
    File(#[from] std::io::Error),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(transparent)]
    Read(#[from] crate::event_log::ReadError),
    #[error("{0}")]
    Database(#[from] sqlx::Error),
}

/// Events that are read or written at a time.
const BATCH: i64 = 1000;

/// Writes all people and all events; returns the number of events and the positions of changed ones.
pub async fn export(
    log: &EventLog,
    out: &mut (impl Write + Send),
    progress: impl Fn(Progress) + Send,
) -> Result<Exported, TransferError> {
    let mut everybody = Everybody::of(log.db());
    while let Some(people) = everybody.next().await? {
        people.iter().try_for_each(|person| write(out, person))?;
    }
    let (mut done, mut changed, of) = (0, vec![], log.last_position().await?);
    while done < of {
        for event in log.tail(done, BATCH.min(of - done)).await? {
            done = event.position;
            let is_intact = event.is_intact();
            let ExportedLine { bytes, is_told } = exported(event)?;
            changed.extend((!is_intact || !is_told).then_some(done));
            out.write_all(&bytes)?;
        }
        progress(Progress { done, of });
    }
    out.flush()?;
    Ok(Exported { events: done, changed })
}

/// The result of an export.
#[derive(Debug, PartialEq, Eq)]
pub struct Exported {
    pub events: i64,
    /// The positions of events that were changed after they were recorded. No import takes such an event.
    pub changed: Vec<i64>,
}

/// Imports a file after the end of the log. What is there already is skipped: an event with this position and hash, a
/// person with this id, a name if the person has one already. Returns the number of imported events.
pub async fn import(
    log: &EventLog,
    file: impl BufRead + Send,
    progress: impl Fn(i64) + Send,
) -> Result<i64, TransferError> {
    let stands = log.last_position().await?;
    let mut intake = Intake::into(log);
    for (number, line) in file.lines().enumerate() {
        let text = line?;
        if text.trim().is_empty() {
            continue;
        }
        let wrong = |why: String| TransferError::Line { line: number + 1, why };
        match TransferLine::read(&text).map_err(wrong)? {
            TransferLine::Person(person) => take_person(log, person).await?.map_err(wrong)?,
            TransferLine::Event(event) if event.position <= stands => {
                same(log, event.recorded().map_err(wrong)?).await?.map_err(wrong)?;
            }
            TransferLine::Event(event) => {
                intake.add(event.recorded().map_err(wrong)?).await?;
                progress(intake.taken);
            }
        }
    }
    intake.end().await
}

/// Copies the log up to a position, and all people, into an empty database, which from then on says that it is a copy.
pub async fn copy(
    log: &EventLog,
    empty: &EventLog,
    up_to: i64,
    progress: impl Fn(Progress) + Send,
) -> Result<i64, TransferError> {
    let mut everybody = Everybody::of(log.db());
    while let Some(people) = everybody.next().await? {
        for person in people {
            let wrong = |why| TransferError::Line { line: 0, why };
            take_person(empty, person).await?.map_err(wrong)?;
        }
    }
    let (mut intake, mut done) = (Intake::into(empty), 0);
    while done < up_to {
        for event in log.tail(done, BATCH.min(up_to - done)).await? {
            done = event.position;
            intake.add(event).await?;
        }
        progress(Progress { done, of: up_to });
    }
    let taken = intake.end().await?;
    note!(empty.db(), |conn| {
        let mark = sqlx::query(include_str!("sql/transfer/mark_copied.sql"));
        mark.bind(up_to).execute(conn).await.map(drop)
    })?;
    Ok(taken)
}

/// The position up to which this log is a copy of another portal's, if it is one.
pub async fn copied(db: &Db) -> Result<Option<i64>, sqlx::Error> {
    let up_to: Option<(i64,)> =
        read!(db, |pool| sqlx::query_as(include_str!("sql/transfer/copied.sql")).fetch_optional(pool).await)?;
    Ok(up_to.map(|(up_to,)| up_to))
}

/// Events on their way into a log. Those of one command go together, so that its record is written whole.
struct Intake<'a> {
    log: &'a EventLog,
    batch: Vec<Recorded>,
    taken: i64,
}

impl<'a> Intake<'a> {
    fn into(log: &'a EventLog) -> Self {
        Self { log, batch: vec![], taken: 0 }
    }

    async fn add(&mut self, event: Recorded) -> Result<(), ImportError> {
        let full = i64::try_from(self.batch.len()).is_ok_and(|events| events >= BATCH);
        if full && self.batch.last().is_some_and(|last| !same_command(last, &event)) {
            self.take().await?;
        }
        self.batch.push(event);
        Ok(())
    }

    async fn take(&mut self) -> Result<(), ImportError> {
        self.log.import(&self.batch).await?;
        self.taken += i64::try_from(self.batch.len()).unwrap_or(i64::MAX);
        self.batch.clear();
        Ok(())
    }

    /// Imports the rest; returns how many events were imported in all.
    async fn end(mut self) -> Result<i64, TransferError> {
        self.take().await?;
        Ok(self.taken)
    }
}

fn same_command(one: &Recorded, other: &Recorded) -> bool {
    one.stream() == other.stream() && one.metadata == other.metadata
}

/// Reads all people in the order of their ids, in batches.
struct Everybody<'a> {
    db: &'a Db,
    after: Option<Uuid>,
}

impl<'a> Everybody<'a> {
    fn of(db: &'a Db) -> Self {
        Self { db, after: None }
    }

    /// The next batch of people; nothing after the last.
    async fn next(&mut self) -> Result<Option<Vec<PersonLine>>, sqlx::Error> {
        let people = people::after(self.db, self.after, BATCH).await?;
        let Some(last) = people.last() else { return Ok(None) };
        self.after = Some(last.person_id);
        let line = |people::Person { person_id, email, name, .. }| PersonLine { person_id, email, name };
        Ok(Some(people.into_iter().map(line).collect()))
    }
}

async fn take_person(log: &EventLog, line: PersonLine) -> Result<Result<(), String>, TransferError> {
    let (db, id, now) = (log.db(), PersonId(line.person_id), Timestamp::from(DateTime::UNIX_EPOCH));
    let (email, name) = match line.read() {
        Ok(read) => read,
        Err(why) => return Ok(Err(why.to_string())),
    };
    if people::by_id(db, id).await?.is_some_and(|here| here.email != email.as_str()) {
        return Ok(Err(format!("{id} has another address here than {email}")));
    }
    let person = people::ensure(db, id, &email, now).await?;
    if person.person_id != id.0 {
        return Ok(Err(format!("{email} belongs to somebody else here")));
    }
    if let (Some(name), None) = (name, person.name) {
        people::set_name(db, id, &name).await?;
    }
    Ok(Ok(()))
}

async fn same(log: &EventLog, event: Recorded) -> Result<Result<(), String>, TransferError> {
    let here = log.at(&[event.position]).await?;
    let same = here.first().is_some_and(|here| here.leaf_hash == event.leaf_hash);
    Ok(if same { Ok(()) } else { Err(format!("another event stands at #{}", event.position)) })
}

/// An event as an export has it, which tells everything that can be told and names what can't.
pub fn exported(event: Recorded) -> Result<ExportedLine, TransferError> {
    let mut bytes = vec![];
    let is_told = match EventLine::of(event) {
        Ok(line) => write(&mut bytes, &line).map(|()| true),
        Err(TransferError::Event { position, why: unreadable }) => {
            write(&mut bytes, &UnreadableLine { position, unreadable }).map(|()| false)
        }
        Err(why) => Err(why),
    }?;
    Ok(ExportedLine { bytes, is_told })
}

fn write(out: &mut impl Write, line: &impl Serialize) -> Result<(), TransferError> {
    serde_json::to_writer(&mut *out, line).map_err(std::io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

impl TransferLine {
    /// Looks at the kind of line first: an untagged enum would lose the exact bytes of payload and metadata.
    fn read(text: &str) -> Result<Self, String> {
        let read = || {
            let kind: LineKind = serde_json::from_str(text)?;
            Ok(match kind.position {
                Some(_) => Self::Event(serde_json::from_str(text)?),
                None => Self::Person(serde_json::from_str(text)?),
            })
        };
        read().map_err(|e: serde_json::Error| e.to_string())
    }
}

impl EventLine {
    pub(crate) fn of(event: Recorded) -> Result<Self, TransferError> {
        let at = event.position;
        let raw = |text: String| {
            RawValue::from_string(text).map_err(|e| TransferError::Event { position: at, why: e.to_string() })
        };
        Ok(Self {
            position: event.position,
            recorded_at: event.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            aggregate_type: event.aggregate_type,
            aggregate_id: event.aggregate_id,
            sequence: event.sequence,
            event_type: event.event_type,
            event_version: event.event_version,
            payload: raw(event.payload)?,
            metadata: raw(event.metadata)?,
            leaf_hash: hex(&event.leaf_hash),
        })
    }

    pub(crate) fn recorded(self) -> Result<Recorded, String> {
        let recorded_at = moment(&self.recorded_at)?;
        Ok(Recorded {
            position: self.position,
            recorded_at,
            aggregate_type: self.aggregate_type,
            aggregate_id: self.aggregate_id,
            sequence: self.sequence,
            event_type: self.event_type,
            event_version: self.event_version,
            payload: self.payload.get().to_owned(),
            metadata: self.metadata.get().to_owned(),
            leaf_hash: unhex(&self.leaf_hash)
                .ok_or("leaf_hash: 64 lower-case hexadecimal digits are wanted")?,
        })
    }
}

/// Reads a moment, which has only one way of being written in a file: any other text would not be proven by the hash.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    let at: DateTime<Utc> = text.parse().map_err(|e| format!("recorded_at: {e}"))?;
    // Compared as text written anew from the microseconds: else a second of 60 would have the same hash as the next second.
    let kept = Timestamp::from_micros(at.timestamp_micros().max(0));
    let is_plain = DateTime::<Utc>::from(kept).to_rfc3339_opts(SecondsFormat::Micros, true) == text;
    if is_plain { Ok(kept) } else { Err("recorded_at: microseconds in UTC are wanted".to_owned()) }
}

impl PersonLine {
    fn read(&self) -> Result<(Email, Option<PersonName>), ValueError> {
        Ok((self.email.parse()?, self.name.as_deref().map(str::parse).transpose()?))
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Reads what [`hex`] writes, and nothing else: any other way of writing it would be one that no hash proves.
fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pair = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..digits.len()).step_by(2).map(pair).collect::<Option<_>>()?;
    (bytes.len() == 32 && hex(&bytes) == digits).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of 60 has the same microseconds as the next second, and so the same hash.
    #[test]
    fn a_moment_is_written_in_one_way() {
        assert!(moment("2026-01-01T00:00:00.000000Z").is_ok());
        for other in [
            "2025-12-31T23:59:60.000000Z",
            "2026-01-01T00:00:00Z",
            "2026-01-01T01:00:00.000000+01:00",
            "1969-12-31T23:59:59.999999Z",
            "+10000-01-01T00:00:00.000000Z",
        ] {
            assert!(moment(other).is_err(), "{other}");
        }
    }
}
