//! Signing checkpoints of the log, beside the server.
//!
//! ```text
//! 100 events, or ten ─► read on, leaf ─► does it hold what was ─► sign ─► append to the ─► note it in
//! minutes and one       by leaf          signed last, here and            checkpoint log   the database
//!                                        in the checkpoint log?           (fsync)
//! ```
//!
//! **Invariant:** nothing is signed that contradicts the last checkpoint of the checkpoint log or of the database. The
//! key and that file are outside the database, so whoever owns the database can neither sign nor take back.

mod checkpoint_log;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use projections::seal::turn::{SealError, Step};
use projections::seal::{Signed, SigningKey, Turn, read_on};
use projections::{Db, Timestamp};
use tokio::sync::watch;

use crate::app::App;
use crate::config::Settings;
use crate::{clock, metrics};

pub use checkpoint_log::{CheckpointLog, Filed, Page};

/// How often it is asked whether there is something to seal.
const PACE: Duration = Duration::from_secs(1);

/// So many new events are sealed at once.
const EVENTS: i64 = 100;

/// After this time, fewer are as well.
const LONGEST: Duration = Duration::from_mins(10);

/// How long to wait after a failure. Each one is told.
const RETRY: Duration = Duration::from_mins(1);

pub struct Sealer {
    pub key: SigningKey,
    pub log: CheckpointLog,
    last_attempt: watch::Sender<Option<Attempt>>,
}

/// When this process tried last, and why it did not work if it did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub at: Timestamp,
    pub failure: Option<String>,
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// A checkpoint of so many events.
    Signed(u64),
    AlreadySo(u64),
    /// By another process, at this moment.
    Taken,
}

/// The key of the settings; none where nothing is to be sealed.
pub fn key(settings: &Settings) -> anyhow::Result<Option<SigningKey>> {
    let Some(file) = &settings.seal_key else { return Ok(None) };
    let name = || format!("PORTAL_SEAL_KEY: {}", file.display());
    let text = std::fs::read_to_string(file).with_context(name)?;
    warn_of_readers(file).with_context(name)?;
    Ok(Some(text.parse().map_err(|why| anyhow!("{}: {why}", name()))?))
}

/// Says so where others than its owner may read or change a key.
fn warn_of_readers(file: &Path) -> std::io::Result<()> {
    let others = std::fs::metadata(file)?.permissions().mode() & 0o077;
    if others != 0 {
        let file = file.display();
        tracing::warn!(
            "PORTAL_SEAL_KEY: others than its owner may read or change {file}; run chmod 600 {file}, and if somebody \
             else may have read it, make a new key: docs/PROOF.md says how"
        );
    }
    Ok(())
}

/// Goes on as long as the process does.
pub async fn run(app: App, sealer: Arc<Sealer>) {
    let (mut up_to, mut at) = (0, None::<Instant>);
    loop {
        tokio::time::sleep(PACE).await;
        let stands = app.log.last_position().await.unwrap_or(up_to);
        if !is_due(stands - up_to, at.map(|at| at.elapsed())) {
            continue;
        }
        match sealer.seal(&app.db).await {
            Ok(Done::Signed(size) | Done::AlreadySo(size)) => metrics::sealed(size),
            Ok(Done::Taken) => continue,
            Err(error) => {
                metrics::seal_failed();
                tracing::error!(error = format!("{error:#}"), "the log is not sealed");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        }
        (up_to, at) = (stands, Some(Instant::now()));
    }
}

/// Whether so many new events are to be sealed now, so long after the last time. A start does not wait.
fn is_due(events: i64, since: Option<Duration>) -> bool {
    events >= EVENTS || (events > 0 && since.is_none_or(|since| since >= LONGEST))
}

impl Sealer {
    /// None where nothing is to be sealed.
    pub fn of(settings: &Settings) -> anyhow::Result<Option<Self>> {
        match (key(settings)?, settings.seal_log.clone()) {
            (Some(key), Some(file)) => {
                Ok(Some(Self { key, log: CheckpointLog::new(file), last_attempt: watch::Sender::new(None) }))
            }
            (Some(_), None) => bail!("PORTAL_SEAL_LOG: name the file that checkpoints are to be added to"),
            (None, _) => Ok(None),
        }
    }

    /// How it went the last time in this process; none before the first.
    pub fn last_attempt(&self) -> Option<Attempt> {
        self.last_attempt.borrow().clone()
    }

    /// Signs a checkpoint of everything in the log.
    pub async fn seal(&self, db: &Db) -> anyhow::Result<Done> {
        let done = self.attempt(db).await;
        let failure = done.as_ref().err().map(|why| format!("{why:#}"));
        self.last_attempt.send_replace(Some(Attempt { at: clock::now(), failure }));
        done
    }

    async fn attempt(&self, db: &Db) -> anyhow::Result<Done> {
        let origin = self.key.origin();
        loop {
            match read_on(db, origin).await? {
                Step::Taken => return Ok(Done::Taken),
                Step::More => {}
                Step::End => break,
            }
        }
        let Some(turn) = Turn::begin(db, origin).await? else { return Ok(Done::Taken) };
        let filed = self.log.last(origin).with_context(|| self.named())?;
        let noted = turn.signed();
        for earlier in filed.iter().chain(&noted) {
            self.holds(&turn, earlier).await?;
        }
        let size = turn.size();
        let is_there = |signed: Option<Signed>| signed.is_some_and(|s| s.checkpoint.size == size);
        let (filed, noted) = (size == 0 || is_there(filed), size == 0 || is_there(noted));
        let signed = self.key.sign(size, turn.root());
        if !filed {
            self.log.append(&signed).with_context(|| self.named())?;
        }
        // A crash may have come between the two.
        if noted { turn.end().await } else { turn.sealed(&signed).await }?;
        Ok(if filed { Done::AlreadySo(size) } else { Done::Signed(size) })
    }

    async fn holds(&self, turn: &Turn, signed: &Signed) -> Result<(), SealError> {
        if self.key.public().signed(signed) != Some(true) {
            return Err(SealError::Forged { signed: signed.checkpoint.size });
        }
        turn.holds(&signed.checkpoint).await
    }

    fn named(&self) -> String {
        format!("PORTAL_SEAL_LOG: {}", self.log.path().display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_events_are_sealed_at_once_and_few_after_ten_minutes() {
        let minutes = |minutes| Some(Duration::from_mins(minutes));
        for (events, since, due) in [
            (0, None, false),
            (1, None, true),
            (99, minutes(9), false),
            (100, minutes(0), true),
            (1, minutes(10), true),
            (0, minutes(60), false),
        ] {
            assert_eq!(is_due(events, since), due, "{events} {since:?}");
        }
    }
}
