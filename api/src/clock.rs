//! Time and new ids, the only place where either comes from.

#![expect(clippy::disallowed_methods, reason = "this is the one place")]

use chrono::Utc;
use projections::Timestamp;
use uuid::Uuid;

/// Now, in microseconds.
pub fn now() -> Timestamp {
    Timestamp::from(Utc::now())
}

/// A moment so far from now.
pub fn after(duration: chrono::Duration) -> Timestamp {
    Timestamp::from(Utc::now() + duration)
}

/// An id that sorts by the time it was made (RFC 9562, version 7).
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
