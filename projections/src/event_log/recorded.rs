//! An event as it stands in the log.

use domain::{AnyEvent, Decider, Metadata, Unreadable, event};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row, TypeInfo, ValueRef};

use crate::event_log::changed;
use crate::event_log::leaf::{Leaf, leaf_hash};
use crate::timestamp::Timestamp;

/// Names one stream: an aggregate's type and id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct StreamId {
    pub kind: String,
    pub id: String,
}

/// A range of a stream: the events after one sequence, up to another.
#[derive(Clone, Copy, Debug)]
pub struct SequenceRange {
    pub after: i64,
    pub up_to: i64,
}

impl StreamId {
    pub fn of<A: Decider>(id: A::Id) -> Self {
        Self { kind: A::TYPE.to_owned(), id: id.to_string() }
    }
}

/// A row of the log, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub position: i64,
    pub recorded_at: Timestamp,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub sequence: i64,
    pub event_type: String,
    pub event_version: String,
    pub payload: String,
    pub metadata: String,
    pub leaf_hash: Vec<u8>,
}

/// Reads an event from a row of either engine. `$text` reads a column of text.
///
/// Whoever owns the database can let a column hold what portal never writes: nothing, or another type. Such an event can
/// still be read, so that it is reported as changed: each column that can't be read has a value that no event has.
macro_rules! of_row {
    ($row:ty, $text:expr) => {
        impl FromRow<'_, $row> for Recorded {
            fn from_row(row: &$row) -> Result<Self, sqlx::Error> {
                let text = |column| $text(row, column);
                Ok(Self {
                    position: row.try_get("position")?,
                    recorded_at: legible(row.try_get("recorded_at"))?.unwrap_or(NO_TIME),
                    aggregate_type: text("aggregate_type")?,
                    aggregate_id: text("aggregate_id")?,
                    sequence: legible(row.try_get("sequence"))?.unwrap_or(NO_SEQUENCE),
                    event_type: text("event_type")?,
                    event_version: text("event_version")?,
                    payload: text("payload")?,
                    metadata: text("metadata")?,
                    leaf_hash: legible(row.try_get("leaf_hash"))?.unwrap_or_default(),
                })
            }
        }
    };
}

of_row!(PgRow, |row: &PgRow, column| {
    let text: Option<String> = legible(row.try_get::<Option<String>, &str>(column))?;
    Ok::<_, sqlx::Error>(text.unwrap_or_else(|| NO_TEXT.to_string()))
});
of_row!(SqliteRow, text);

/// Reads a column of SQLite, which accepts any bytes as text. One that is not valid text gets a prefix that no event begins
/// with, so that the event's hash can't fit.
fn text(row: &SqliteRow, column: &str) -> Result<String, sqlx::Error> {
    let is_text = row.try_get_raw(column)?.type_info().name() == "TEXT";
    let bytes: Option<Vec<u8>> = legible(row.try_get(column))?;
    Ok(match String::from_utf8(bytes.unwrap_or_default()) {
        Ok(text) if is_text => text,
        Ok(other) => format!("{NO_TEXT}{other}"),
        Err(why) => format!("{NO_TEXT}{}", String::from_utf8_lossy(why.as_bytes())),
    })
}

/// Nothing for a value of a type that the column never has.
fn legible<T>(read: Result<Option<T>, sqlx::Error>) -> Result<Option<T>, sqlx::Error> {
    match read {
        Err(sqlx::Error::ColumnDecode { .. }) => Ok(None),
        read => read,
    }
}

const NO_TEXT: char = '\u{fffd}';
const NO_TIME: Timestamp = Timestamp::LAST;
/// The first event of a stream has the sequence 1.
const NO_SEQUENCE: i64 = 0;

impl Recorded {
    /// Decodes the event and its metadata. Both are errors if the event was changed after it was written.
    pub(crate) fn read(&self) -> (Result<AnyEvent, Unreadable>, Result<Metadata, Unreadable>) {
        match self.intact() {
            Ok(()) => (self.fact_as_it_stands(), self.metadata_as_it_stands()),
            Err(why) => (Err(why.clone()), Err(why)),
        }
    }

    /// Decodes the event, whichever its aggregate.
    pub fn decode(&self) -> Result<AnyEvent, Unreadable> {
        self.intact()?;
        self.fact_as_it_stands()
    }

    /// Decodes the event as one of aggregate `A`.
    pub fn event<A: Decider>(&self) -> Result<A::Event, Unreadable> {
        self.intact()?;
        event::decode_text::<A>(&self.event_type, &self.event_version, &self.payload)
    }

    /// Decodes the metadata.
    pub fn metadata(&self) -> Result<Metadata, Unreadable> {
        self.intact()?;
        self.metadata_as_it_stands()
    }

    fn fact_as_it_stands(&self) -> Result<AnyEvent, Unreadable> {
        AnyEvent::decode(
            &self.aggregate_type,
            &self.aggregate_id,
            &self.event_type,
            &self.event_version,
            &self.payload,
        )
    }

    fn metadata_as_it_stands(&self) -> Result<Metadata, Unreadable> {
        serde_json::from_str(&self.metadata).map_err(|e| self.damaged(format!("metadata: {e}")))
    }

    /// Refuses an event that was changed after it was written: nobody is to act on it, whatever it says.
    fn intact(&self) -> Result<(), Unreadable> {
        if self.is_intact() {
            return Ok(());
        }
        changed::note(self);
        Err(self.damaged(format!("#{} was changed after it was written", self.position)))
    }

    fn damaged(&self, why: String) -> Unreadable {
        let (aggregate_type, event_type) = (self.aggregate_type.clone(), self.event_type.clone());
        Unreadable::Damaged { aggregate_type, event_type, why }
    }

    pub fn stream(&self) -> StreamId {
        StreamId { kind: self.aggregate_type.clone(), id: self.aggregate_id.clone() }
    }

    /// Says whether the hash stored beside the event is the hash of the event.
    pub fn is_intact(&self) -> bool {
        self.leaf_hash == leaf_hash(&self.leaf())
    }

    fn leaf(&self) -> Leaf<'_> {
        Leaf {
            position: self.position,
            recorded_at: self.recorded_at,
            sequence: self.sequence,
            fields: [
                &self.aggregate_type,
                &self.aggregate_id,
                &self.event_type,
                &self.event_version,
                &self.payload,
                &self.metadata,
            ],
        }
    }
}
