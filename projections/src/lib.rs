//! The event log and the read models, on both engines. The only crate that speaks SQL.
//!
//! | module | answers |
//! | --- | --- |
//! | [`event_log`] | append, load, tail: what happened, in one order |
//! | [`projector`] | folds the log into read models, waits for a position, rebuilds, verifies |
//! | [`org_list`] | which organisations are there, now and as of any position |
//! | [`org_detail`] | what is this organisation, and which slugs lead to it |
//! | [`memberships`] | who belongs where, who was invited |
//! | [`grants`] | who may act on the whole platform |
//! | [`history`] | what happened to this organisation |
//! | [`people`], [`sessions`], [`links`], [`access_log`] | not read models: they can't be folded, and can be erased |
//! | [`transfer`] | the log as a file: export, import, fixture |
//! | [`scope`] | how much of it a request may see: the one bypass |
//!
//! **Invariant:** everything in a read model can be folded again from the events.

pub mod access_log;
mod db;
pub mod event_log;
pub mod grants;
pub mod history;
pub mod links;
pub mod memberships;
pub mod org_detail;
pub mod org_list;
pub mod people;
pub mod projector;
pub mod scope;
pub mod sessions;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
pub mod timestamp;
pub mod transfer;

pub use db::{Db, OpenError};
pub use event_log::EventLog;
pub use projector::Projector;
pub use scope::{Platform, Scope, Tenant};
/// What the store itself says went wrong.
pub use sqlx::Error as StoreError;
pub use timestamp::Timestamp;

/// Whether the store is away for now, so that trying again later helps.
pub fn is_away(error: &StoreError) -> bool {
    match error {
        StoreError::Io(_) | StoreError::Tls(_) | StoreError::PoolTimedOut | StoreError::PoolClosed => true,
        // Class 08 connection, 53 resources (also a full disk), 57P0x shutdown; SQLite: busy, full, I/O, can't open.
        StoreError::Database(said) => said.code().is_some_and(|code| {
            let sqlite = code.parse::<i64>().map(|code| code & 0xff);
            matches!(code.get(..2), Some("08" | "53")) && code.len() == 5
                || code.starts_with("57P")
                || (code.len() < 5 && matches!(sqlite, Ok(5 | 10 | 13 | 14)))
        }),
        _ => false,
    }
}
