//! The only place where times and new ids come from.
//!
//! **Invariant:** both follow [time that goes on at its own pace](projections::steady), so nothing new sorts before what
//! exists because somebody set a clock.

use std::fmt::Display;
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use projections::Timestamp;
use sha2::{Digest, Sha256};
use uuid::{Builder, ContextV7, Uuid};

pub use projections::steady::{at_the_earliest, now};

/// The moment this long from now.
pub fn after(duration: chrono::Duration) -> Timestamp {
    Timestamp::from(DateTime::<Utc>::from(now()) + duration)
}

/// An id that sorts by the time it was made (RFC 9562, version 7).
pub fn new_id() -> Uuid {
    static IN_ORDER: Mutex<ContextV7> = Mutex::new(ContextV7::new());
    let now = DateTime::<Utc>::from(now());
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(&IN_ORDER, seconds, now.timestamp_subsec_nanos()))
}

/// The id of something that follows by itself from the event at `position`. It is the same in every process (RFC 9562,
/// version 8).
pub fn id_of(what: &str, position: i64) -> Uuid {
    hashed(&format!("portal {what} {position}"))
}

/// The id of what one order does to one of many things, so that an order which is sent twice does nothing twice (RFC 9562,
/// version 8).
pub fn id_within(order: Uuid, one: impl Display) -> Uuid {
    hashed(&format!("portal {order} {one}"))
}

fn hashed(text: &str) -> Uuid {
    let hash: [u8; 32] = Sha256::digest(text).into();
    let (id, _) = hash.split_at(16);
    Builder::from_custom_bytes(id.try_into().expect("16 bytes")).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_when_they_were_made() {
        let ids: Vec<Uuid> = (0..1000).map(|_| new_id()).collect();
        assert!(ids.is_sorted() && ids.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn what_follows_from_an_event_has_one_id_for_each_kind_of_thing() {
        assert_eq!(id_of("expiry", 7), id_of("expiry", 7));
        assert_ne!(id_of("expiry", 7), id_of("expiry", 8));
        assert_ne!(id_of("expiry", 7), id_of("start", 7));
        assert_eq!(id_of("expiry", 7).get_version_num(), 8);
    }

    #[test]
    fn each_of_many_has_one_id_in_each_order() {
        let (order, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(id_within(order, "acme"), id_within(order, "acme"));
        assert_ne!(id_within(order, "acme"), id_within(order, "bolt"));
        assert_ne!(id_within(order, "acme"), id_within(other, "acme"));
    }
}
