//! Goes the way of an append without appending: to find out whether this process can write, and to let time go back.

use super::alarm::Alarm;
use super::{EventLog, statements};
use crate::db::Tx;
use crate::event_log::check::BatchState;

/// The beginning of the message that names the missing rights.
const LACKS: &str = "the role that portal uses on the database lacks rights that it was given";

/// Why nothing can be recorded now.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error("{0}")]
    Alarm(#[from] Alarm),
    #[error("{LACKS}: {0}")]
    Rights(String),
    #[error("{}", trouble(.0))]
    Store(#[from] sqlx::Error),
}

/// Why time can't be put right.
#[derive(Debug, thiserror::Error)]
pub enum JumpError {
    #[error("the last event is not stamped later than now, so there is nothing to accept")]
    NoJump,
    #[error("{0}")]
    Alarm(Alarm),
    #[error("{0}")]
    Store(#[from] sqlx::Error),
}

/// A jump that was accepted: the last event before it, and by how much time goes back.
#[derive(Clone, Copy, Debug)]
pub struct Jump {
    pub position: i64,
    pub back: chrono::TimeDelta,
}

impl EventLog {
    /// Checks that this process can write everything that commands and sign-ins need. Then it writes a row of its own, in a
    /// transaction that checks the log and the clocks as an append does. The rights come first, since whoever holds the lock
    /// of the log must not wait for a table.
    pub async fn probe(&self) -> Result<(), ProbeError> {
        let mut tx = self.db.begin().await?;
        let missing = statements::may_write(&mut tx).await?;
        tx.rollback().await?;
        if let Some(rights) = missing {
            return Err(ProbeError::Rights(rights));
        }
        statements::may_read_for_tenants(&self.db).await?;
        let (mut tx, known) = self.look().await?;
        self.watchman.check(&known.standing)?;
        statements::beat(&mut tx, known.standing.clock).await?;
        tx.commit().await?;
        let last = known.standing.last_hash.unwrap_or_default();
        self.watchman.saw(known.position, last);
        Ok(())
    }

    /// The reason why nothing was recorded at the last attempt; nothing if it was recorded.
    pub fn alarm(&self) -> Option<Alarm> {
        self.watchman.alarm()
    }

    /// Lets the next event be stamped by the clock, before the last event's time; it will say why. Refused if the last event
    /// is not stamped later than now.
    pub async fn accept_jump(&self, reason: &domain::values::Reason) -> Result<Jump, JumpError> {
        let (mut tx, mut known) = self.look().await?;
        known.standing.jump = Some(reason.as_str().to_owned());
        self.watchman.check(&known.standing).map_err(JumpError::Alarm)?;
        let back = known.standing.ahead();
        if back <= chrono::TimeDelta::zero() {
            return Err(JumpError::NoJump);
        }
        statements::accept_jump(&mut tx, Some(reason.as_str())).await?;
        tx.commit().await?;
        Ok(Jump { position: known.position, back })
    }

    async fn look(&self) -> Result<(Tx, BatchState), sqlx::Error> {
        let mut tx = self.db.begin_appending().await?;
        let known = statements::look(&mut tx, &[], self.watchman.seen()).await?;
        Ok((tx, known))
    }

    /// Checks that the log still reaches as far as it was folded. Called when the read models are behind where they were.
    pub(crate) async fn check_end(&self) -> Result<(), sqlx::Error> {
        let seen = self.watchman.folded();
        let ends = self.last_position().await?;
        let _told = self.watchman.check_end(seen, ends);
        Ok(())
    }
}

/// Explains an error of the store to whoever runs the portal.
fn trouble(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    match code.as_deref() {
        Some("25006" | "8" | "264" | "520" | "776" | "1032" | "1288" | "1544") => {
            "the database is read-only: it is a replica, or was made so".to_owned()
        }
        Some("42501") => format!("{LACKS}: {error}"),
        Some("53100" | "13") => "the disk of the database is full".to_owned(),
        Some("55P03" | "5") => "somebody holds a lock of the log or of a table for too long".to_owned(),
        _ => format!("the database does not take what is written: {error}"),
    }
}
