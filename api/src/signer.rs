//! Signing checkpoints of the log, beside the server.
//!
//! ```text
//! an event, and a second ─► read on, leaf ─► does it hold what was ─► sign ─► append to the ─► note it in
//! after the last time       by leaf          signed last, wherever            checkpoint log   the database
//!                                            that stands?                     (fsync)
//! ```
//!
//! **Invariant:** nothing is signed by whoever remembers nothing (`memory.rs`), and nothing that contradicts a checkpoint of
//! the own checkpoint log, of those of other processes that the settings name, of the database, or of any process that has
//! found this database to contradict its own. The key and those files are outside the database, so whoever owns the database
//! can neither sign nor take back.

mod checkpoint_log;
mod copies;
mod files;
mod heads;
mod memory;
mod witnesses;

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use projections::event_log::{self, ReadError};
use projections::seal::{
    Policy, SealStep, SealedTree, SignedCheckpoint, SigningKey, contradict, contradicted, read_on,
};
use projections::seal::{SealError, step::SealProgress};
use projections::{Db, Timestamp, transfer};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::timeout;

use crate::aside::{Aside, LONGEST, in_time};
use crate::clock;
use crate::config::Settings;

use self::copies::Copies;
use self::files::{Files, Noted};
use self::witnesses::Witnesses;

pub use checkpoint_log::{CheckpointLog, CheckpointPage, Download, Filed};
pub use copies::Copied;
pub use witnesses::{Told, WitnessFailure};

pub struct CheckpointSigner {
    pub key: SigningKey,
    pub log: CheckpointLog,
    /// The lock makes sure that this process makes one attempt at a time.
    files: Arc<Mutex<Files>>,
    appending: Mutex<Aside<io::Result<()>>>,
    /// None if no witness is asked.
    witnesses: Option<Witnesses>,
    /// None if no copies are made.
    copies: Option<Copies>,
    last_attempt: watch::Sender<Option<Attempt>>,
}

/// When this process last tried, and why it failed if it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub at: Timestamp,
    pub failure: Option<String>,
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealOutcome {
    /// A checkpoint of this many events was signed.
    Signed(u64),
    AlreadySo(u64),
    /// Another process is signing at this moment.
    Taken,
}

/// The signing key of the settings; none if nothing is to be sealed.
pub fn key(settings: &Settings) -> anyhow::Result<Option<SigningKey>> {
    let Some(file) = &settings.seal_key else { return Ok(None) };
    let name = || format!("PORTAL_SEAL_KEY: {}", file.display());
    let text = std::fs::read_to_string(file).with_context(name)?;
    warn_of_readers("PORTAL_SEAL_KEY", file).with_context(name)?;
    Ok(Some(text.parse().map_err(|why| anyhow!("{}: {why}", name()))?))
}

/// The same at a start.
fn key_in_time(settings: &Settings) -> anyhow::Result<Option<SigningKey>> {
    let Some(file) = &settings.seal_key else { return Ok(None) };
    let settings = settings.clone();
    in_time(&files::named("PORTAL_SEAL_KEY", file), move || key(&settings))
}

/// The policy of witnesses; none if no witness is asked.
fn policy(settings: &Settings, key: &SigningKey) -> anyhow::Result<Option<Policy>> {
    let Some(file) = settings.seal_policy.clone() else { return Ok(None) };
    let name = files::named("PORTAL_SEAL_POLICY", &file);
    let text = in_time(&name, move || Ok(std::fs::read_to_string(file)))?.with_context(|| name.clone())?;
    let policy: Policy = text.parse().with_context(|| name.clone())?;
    if !policy.is_about(&key.public()) {
        bail!("{name}: it is about other logs than {}", key.public());
    }
    Ok(Some(policy))
}

/// Warns if anybody but its owner may read or change a key file.
pub(crate) fn warn_of_readers(setting: &str, file: &Path) -> io::Result<()> {
    let others = std::fs::metadata(file)?.permissions().mode() & 0o077;
    if others != 0 {
        let file = file.display();
        let guide = if setting == "PORTAL_SEAL_KEY" { "docs/PROOF.md" } else { "docs/RECOVERY.md" };
        tracing::warn!(
            "{setting}: others than its owner may read or change {file}; run chmod 600 {file}, and if somebody else may \
             have read it, make a new key: {guide} says how"
        );
    }
    Ok(())
}

impl CheckpointSigner {
    /// None if nothing is to be sealed. Whoever calls this waits for the files: nothing goes on without them.
    pub fn of(settings: &Settings) -> anyhow::Result<Option<Self>> {
        match (key_in_time(settings)?, settings.seal_log.clone()) {
            (Some(key), Some(file)) => {
                let database = settings.database_url.trim_start_matches("sqlite://");
                if file.to_string_lossy().starts_with(database) {
                    bail!(
                        "PORTAL_SEAL_LOG: {} belongs to the database, which is not to vouch for itself",
                        file.display()
                    );
                }
                let files = Files::of(file.clone(), &settings.seal_other_logs, key.origin());
                let (log, files) = (CheckpointLog::new(file), Arc::new(Mutex::new(files)));
                let (name, begun) = (files::named(files::OWN, log.path()), log.clone());
                in_time(&name, move || Ok(begun.begin()))?.context(name)?;
                let witnesses = policy(settings, &key)?.map(Witnesses::of).transpose()?;
                let places = &settings.seal_copies;
                let copies = (!places.is_empty()).then(|| Copies::of(places)).transpose()?;
                let last_attempt = watch::Sender::new(None);
                Ok(Some(Self {
                    key,
                    log,
                    files,
                    appending: Mutex::default(),
                    witnesses,
                    copies,
                    last_attempt,
                }))
            }
            (Some(_), None) => bail!("PORTAL_SEAL_LOG: name the file that checkpoints are to be added to"),
            (None, _) => Ok(None),
        }
    }

    /// The last attempt of this process; none before the first.
    pub fn last_attempt(&self) -> Option<Attempt> {
        self.last_attempt.borrow().clone()
    }

    /// Signs a checkpoint of everything in the log.
    pub async fn seal(&self, db: &Db) -> anyhow::Result<SealOutcome> {
        let done = self.attempt(db).await;
        self.tell(done.as_ref().err());
        done
    }

    /// Compares again when the last checkpoint in the database has changed, without signing. What another process signed is
    /// added to this process's file. If the database was rewound, every process is told of the checkpoint that it
    /// contradicts.
    pub async fn compare(&self, db: &Db) -> anyhow::Result<()> {
        // A database that can't be reached is reported elsewhere. The next try is in a second.
        let Ok(standing) = SealedTree::read(db, self.key.origin()).await else { return Ok(()) };
        let noted = Noted(self.noted(&standing));
        let files = self.files().await?;
        if files.compared.as_ref() == Some(&noted) {
            drop(files);
            return self
                .answer(db)
                .await
                .or_else(|error| if is_outage(&error) { Ok(()) } else { Err(error) });
        }
        match self.proven(db, files).await {
            Ok(_) => Ok(()),
            Err(error) if is_outage(&error) || is_forgetful(&error) => Ok(()),
            Err(error) => {
                self.files().await?.compared = Some(noted);
                self.tell(Some(&error));
                Err(error)
            }
        }
    }

    /// Has the last checkpoint cosigned, and copied to where it is wanted.
    pub async fn hand_out(&self, db: &Db) -> anyhow::Result<()> {
        self.cosign(db).await?;
        self.copy().await
    }

    fn tell(&self, failure: Option<&anyhow::Error>) {
        let failure = failure.map(|why| format!("{why:#}"));
        self.last_attempt.send_replace(Some(Attempt { at: clock::now(), failure }));
    }

    async fn attempt(&self, db: &Db) -> anyhow::Result<SealOutcome> {
        let files = self.files().await?;
        let Some((mut files, standing)) = self.proven(db, files).await? else {
            return Ok(SealOutcome::Taken);
        };
        let Some(turn) = SealStep::begin(db, self.key.origin()).await? else { return Ok(SealOutcome::Taken) };
        if *turn.standing() != standing {
            turn.end().await?;
            return Ok(SealOutcome::Taken);
        }
        let size = standing.size();
        let is_there = |signed: Option<&SignedCheckpoint>| {
            size == 0 || signed.is_some_and(|s| s.checkpoint.size == size)
        };
        let (in_file, noted) = (is_there(files.own.last()), is_there(self.noted(&standing).as_ref()));
        let signed = self.key.sign(size, standing.root());
        if !in_file {
            self.file(signed.clone()).await?;
        }
        // The file has the checkpoint, but the database may not, if a crash came between the two.
        if noted { turn.end().await } else { turn.sealed(&signed).await }?;
        if size > 0 {
            (files.compared, files.proven) = (Some(Noted(Some(signed.clone()))), Some(signed));
        }
        Ok(if in_file { SealOutcome::AlreadySo(size) } else { SealOutcome::Signed(size) })
    }

    /// Reads the log to its end, and proves that it begins with everything that was signed. Nothing else waits for this.
    /// None while another process seals.
    async fn proven(
        &self,
        db: &Db,
        files: OwnedMutexGuard<Files>,
    ) -> anyhow::Result<Option<(OwnedMutexGuard<Files>, SealedTree)>> {
        let origin = self.key.origin();
        if let Some(position) = event_log::changed(db).await.map_err(SealError::from)?.first() {
            return Err(SealError::Changed(*position).into());
        }
        let files = Files::read_on(files).await?;
        if self.read_to_end(db, &files).await? == SealProgress::Taken {
            return Ok(None);
        }
        // The files are read again after the database: a checkpoint that it notes was in its signer's file before.
        let standing = SealedTree::read(db, origin).await?;
        let noted = self.noted(&standing);
        let mut files = Files::read_on(files).await?;
        if !files.remember() {
            self.hear(db, &mut files).await?;
            files = Files::read_on(files).await?;
        }
        if !files.remember() && standing.size() > 0 {
            return Err(SealError::Unremembered(standing.checkpoint()).into());
        }
        for earlier in files.heads().chain(noted.clone()) {
            self.holds(db, &standing, &earlier).await?;
        }
        self.hold_what_others_told(db, &standing).await?;
        files.settle(noted.clone());
        files.compared = Some(Noted(noted.clone()));
        let size = |signed: Option<&SignedCheckpoint>| signed.map_or(0, |signed| signed.checkpoint.size);
        let news = noted.filter(|noted| size(Some(noted)) > size(files.own.last()));
        // Only our own signature is kept, since the owner of the database may have added other lines below it.
        if let Some(news) = news.and_then(|noted| self.key.public().alone(&noted)) {
            self.file(news).await?;
            files = Files::read_on(files).await?;
        }
        Ok(Some((files, standing)))
    }

    /// The checkpoint that the database says was signed last. The owner of the database may have put something else there;
    /// that is ignored, and replaced by the next checkpoint.
    fn noted(&self, standing: &SealedTree) -> Option<SignedCheckpoint> {
        standing.signed().filter(|noted| self.key.public().signed(noted) == Some(true))
    }

    /// Takes every event into the tree, unless another process is doing so. A copy of another log is left alone.
    async fn read_to_end(&self, db: &Db, files: &Files) -> Result<SealProgress, SealError> {
        if let Some(up_to) = transfer::copied(db).await?
            && !self.is_no_copy(db, files, up_to).await?
        {
            return Err(SealError::Copied(up_to));
        }
        loop {
            match read_on(db, self.key.origin()).await? {
                SealProgress::More => {}
                ended @ (SealProgress::Taken | SealProgress::End) => return Ok(ended),
            }
        }
    }

    /// True if this is the original log, whatever the database says: more was signed of it than a copy would have.
    async fn is_no_copy(&self, db: &Db, files: &Files, up_to: i64) -> Result<bool, SealError> {
        let largest = files.heads().max_by_key(|signed| signed.checkpoint.size);
        let Some(SignedCheckpoint { checkpoint, .. }) = largest else { return Ok(false) };
        let is_more = i64::try_from(checkpoint.size).is_ok_and(|size| size > up_to);
        let standing = SealedTree::read(db, self.key.origin()).await?;
        Ok(is_more && standing.holds(db, &checkpoint).await.is_ok())
    }

    /// Fails unless the log begins with every checkpoint that any process found it to contradict. It does once it was put
    /// right.
    async fn hold_what_others_told(&self, db: &Db, standing: &SealedTree) -> Result<(), SealError> {
        let told = contradicted(db, self.key.origin()).await?;
        for earlier in told.iter().filter(|earlier| self.key.public().signed(earlier) == Some(true)) {
            standing.holds(db, &earlier.checkpoint).await?;
        }
        Ok(())
    }

    /// Fails unless the log begins with what was signed. If it does not, every process is told.
    async fn holds(
        &self,
        db: &Db,
        standing: &SealedTree,
        signed: &SignedCheckpoint,
    ) -> Result<(), SealError> {
        if self.key.public().signed(signed) != Some(true) {
            return Err(SealError::Forged { signed: signed.checkpoint.size });
        }
        let holds = standing.holds(db, &signed.checkpoint).await;
        if let Err(SealError::Behind { .. } | SealError::Other { .. }) = holds
            && let Err(error) = contradict(db, signed).await
        {
            tracing::warn!(%error, "other processes could not be told that this database contradicts a checkpoint");
        }
        holds
    }

    async fn file(&self, signed: SignedCheckpoint) -> anyhow::Result<()> {
        let log = self.log.clone();
        let named = files::named(files::OWN, log.path());
        let mut appending =
            timeout(LONGEST, self.appending.lock()).await.map_err(|_late| anyhow!(HANGING))?;
        if appending.hangs() {
            bail!(HANGING);
        }
        let done = appending.within(LONGEST, move || log.append(&signed)).await;
        done.map_err(|_late| anyhow!(HANGING)).and_then(|done| done.map_err(Into::into)).context(named)
    }

    /// Locks the checkpoint logs and what this process remembers, for one attempt.
    async fn files(&self) -> anyhow::Result<OwnedMutexGuard<Files>> {
        timeout(LONGEST, self.files.clone().lock_owned()).await.map_err(|_late| anyhow!(HANGING))
    }
}

/// Does work on checkpoint logs, on a thread of its own. All of them together are read in time, or the attempt fails.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
    Aside::default().within(LONGEST, work).await.map_err(|_late| anyhow!(HANGING))
}

pub(crate) const HANGING: &str = "a checkpoint log gives no answer within 5 seconds (PORTAL_SEAL_LOG, PORTAL_SEAL_OTHER_LOGS, --checkpoint): is \
    its disk there?";

/// True if this process has nothing to compare with. Every attempt to sign reports that, so it is not repeated here.
fn is_forgetful(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(SealError::Unremembered(_)))
}

/// True if the database did not answer, which says nothing about what was signed.
fn is_outage(error: &anyhow::Error) -> bool {
    let outage = error.downcast_ref();
    matches!(outage, Some(SealError::Database(_) | SealError::Read(ReadError::Database(_))))
}
