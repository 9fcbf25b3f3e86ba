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
//! | [`resource_types`] | what kinds of things there are, and which organisations have them |
//! | [`history`] | what happened, by whom, to what; what an event changed, and what came of it |
//! | [`as_of`] | how was it, at any position |
//! | [`people`], [`sessions`], [`links`], [`access_log`], [`account_log`] | not read models: they can't be folded, and can be erased |
//! | [`second_factors`], [`passkeys`], [`challenges`] | the same: with what people prove who they are |
//! | [`known_devices`], [`throttle`] | where somebody signed in before, and how often somebody tried lately |
//! | [`saved_searches`] | what somebody searches the history for again and again |
//! | [`operator_reads`] | what operators looked at, for those whose data it was |
//! | [`transfer`] | the log as a file: export, import, fixture |
//! | [`from_streams`] | who may do what, where read models can't be relied on |
//! | [`processes`] | which processes run on this database, and what each can read |
//! | [`consumers`] | the position of each consumer, which acts outside when an event was recorded |
//! | [`scope`] | how much of it a request may see: the one bypass |
//!
//! **Invariant:** everything in a read model can be folded again from the events.

pub mod access_log;
pub mod account_log;
pub mod as_of;
pub mod auditor;
pub mod challenges;
pub mod consumers;
mod db;
pub mod event_log;
mod finding;
mod fold;
pub mod from_streams;
pub mod grants;
pub mod history;
pub mod known_devices;
mod like;
pub mod links;
pub mod lookups;
pub mod memberships;
pub mod operator_reads;
pub mod org_detail;
pub mod org_list;
pub mod passkeys;
pub mod people;
pub mod permissions;
pub mod private;
pub mod processes;
pub mod projector;
pub mod resource_types;
pub mod retention;
pub mod saved_searches;
pub mod scope;
pub mod seal;
pub mod second_factors;
pub mod sessions;
pub mod steady;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
pub mod throttle;
pub mod timestamp;
pub mod transfer;

#[cfg(feature = "testing")]
pub use db::of_the_migrations;
pub use db::{Db, OpenError, is_in_doubt, noticing, walls};
pub use event_log::EventLog;
pub use lookups::Lookups;
pub use operator_reads::AccessRecorder;
pub use projector::Projector;
pub use scope::{Platform, Scope, Tenant};
/// An error of the database or of the way to it.
pub use sqlx::Error as StoreError;
pub use timestamp::Timestamp;

/// Says whether the store is unavailable for now, so that trying again later may help.
pub fn is_away(error: &StoreError) -> bool {
    use StoreError as E;
    if let E::Database(said) = error {
        return said.code().is_some_and(|code| means_away(&code));
    }
    // A connection that ends in the middle of an answer gives a protocol error. A statement with more parameters than the
    // protocol can count gives one too; that is our own fault, and trying again does not help.
    if let E::Protocol(why) = error {
        return !why.contains("too many");
    }
    matches!(error, E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed)
}

/// Decides by the error code. Codes of Postgres have five characters, those of SQLite fewer.
fn means_away(code: &str) -> bool {
    if code.len() < 5 {
        // Low byte: busy, locked, no memory, read-only, interrupted (too long), I/O, full, can't open, lock protocol. The
        // higher bits give more detail.
        let kind = code.parse::<i64>().map(|code| code & 0xff);
        return matches!(kind, Ok(5 | 6 | 7 | 8 | 9 | 10 | 13 | 14 | 15));
    }
    // Classes: connection, sign-in, no such database, resources (also a full disk), operator intervention, system error.
    matches!(&code[..2], "08" | "28" | "3D" | "53" | "57" | "58")
        // Single codes: read-only (a replica), transaction idle or running too long, serialization failure, deadlock,
        // missing privilege, database accepts no connections, lock not available.
        || matches!(code, "25006" | "25P03" | "25P04" | "40001" | "40P01" | "42501" | "55000" | "55P03")
}

/// Like [`is_away`], for an error that has the store's error among its causes.
pub fn is_away_behind(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<StoreError>().is_some_and(is_away) {
            return true;
        }
        cause = error.source();
    }
    false
}
