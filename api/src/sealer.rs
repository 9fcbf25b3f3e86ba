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

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use projections::event_log::{self, ReadError};
use projections::seal::turn::{SealError, Step};
use projections::seal::{Policy, Signed, SigningKey, Standing, Turn, contradict, contradicted, read_on};
use projections::{Db, Timestamp};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use crate::app::App;
use crate::config::Settings;
use crate::{clock, metrics};

use self::copies::Copies;
use self::files::{Files, Noted};
use self::witnesses::Witnesses;

pub use checkpoint_log::{CheckpointLog, Filed, Page};
pub use copies::Copied;
pub use witnesses::{Failure, Told};

/// How often it is asked whether there is something to seal.
const PACE: Duration = Duration::from_millis(500);

/// How long to wait after a failure. Each one is told.
const RETRY: Duration = Duration::from_mins(1);

/// How long a process that begins leaves others that run the time to say what they know, before it signs anything. Each
/// looks every second.
const PATIENCE: Duration = Duration::from_secs(3);

pub struct Sealer {
    pub key: SigningKey,
    pub log: CheckpointLog,
    /// One attempt at a time in this process.
    files: Arc<Mutex<Files>>,
    /// None where nobody is asked to cosign.
    witnesses: Option<Witnesses>,
    /// None where none are made.
    copies: Option<Copies>,
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
    warn_of_readers("PORTAL_SEAL_KEY", file).with_context(name)?;
    Ok(Some(text.parse().map_err(|why| anyhow!("{}: {why}", name()))?))
}

/// Who is asked to cosign; none where nobody is.
fn policy(settings: &Settings, key: &SigningKey) -> anyhow::Result<Option<Policy>> {
    let Some(file) = &settings.seal_policy else { return Ok(None) };
    let name = || format!("PORTAL_SEAL_POLICY: {}", file.display());
    let policy: Policy = std::fs::read_to_string(file).with_context(name)?.parse().with_context(name)?;
    if !policy.is_about(&key.public()) {
        bail!("{}: it is about other logs than {}", name(), key.public());
    }
    Ok(Some(policy))
}

/// Says so where others than its owner may read or change a key.
pub(crate) fn warn_of_readers(setting: &str, file: &Path) -> std::io::Result<()> {
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

/// Goes on as long as the process does.
pub async fn run(app: App, sealer: Arc<Sealer>) {
    let (mut up_to, mut at, mut again) = (0, None::<Instant>, earliest(&app.db));
    let mut hands_out = Instant::now();
    let window = Duration::from_secs(app.settings.seal_seconds);
    if let Err(error) = sealer.begin(&app.db).await {
        failed(&error);
    }
    loop {
        tokio::time::sleep(PACE).await;
        if let Err(error) = sealer.compare(&app.db).await {
            failed(&error);
            again = Instant::now() + RETRY;
        }
        if Instant::now() >= hands_out
            && let Err(error) = sealer.hand_out(&app.db).await
        {
            tracing::error!(error = format!("{error:#}"), "the last checkpoint goes nowhere");
            hands_out = Instant::now() + RETRY;
        }
        let stands = app.log.last_position().await.unwrap_or(up_to);
        let is_due = at.is_none_or(|at| at.elapsed() >= window);
        let failed_last = sealer.last_attempt().is_some_and(|attempt| attempt.failure.is_some());
        if (stands == up_to && !failed_last) || !is_due || Instant::now() < again || *app.stopping.borrow() {
            continue;
        }
        match sealer.seal(&app.db).await {
            Ok(Done::Signed(size) | Done::AlreadySo(size)) => metrics::sealed(size),
            Ok(Done::Taken) => continue,
            // Whoever stops closes the database: what is not sealed then is at the next start.
            Err(_) if *app.stopping.borrow() => return,
            Err(error) => {
                failed(&error);
                again = Instant::now() + RETRY;
                continue;
            }
        }
        (up_to, at) = (stands, Some(Instant::now()));
    }
}

/// When a process that begins may sign: others may be at this database on Postgres alone.
pub fn earliest(db: &Db) -> Instant {
    Instant::now() + if db.engine() == "postgres" { PATIENCE } else { Duration::ZERO }
}

fn failed(error: &anyhow::Error) {
    metrics::seal_failed();
    tracing::error!(error = format!("{error:#}"), "the log is not sealed");
}

impl Sealer {
    /// None where nothing is to be sealed.
    pub fn of(settings: &Settings) -> anyhow::Result<Option<Self>> {
        match (key(settings)?, settings.seal_log.clone()) {
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
                log.begin().with_context(|| files::named(files::OWN, log.path()))?;
                let witnesses = policy(settings, &key)?.map(Witnesses::of).transpose()?;
                let places = &settings.seal_copies;
                let copies = (!places.is_empty()).then(|| Copies::of(places)).transpose()?;
                let last_attempt = watch::Sender::new(None);
                Ok(Some(Self { key, log, files, witnesses, copies, last_attempt }))
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
        self.tell(done.as_ref().err());
        done
    }

    /// Where the database has another last checkpoint than a moment ago, does everything but sign: what another process
    /// signed is added to this one's file, and where the database was rewound, every process is told of what it
    /// contradicts.
    pub async fn compare(&self, db: &Db) -> anyhow::Result<()> {
        // A database that can't be reached is for others to say, and asked again in a second.
        let Ok(standing) = Standing::read(db, self.key.origin()).await else { return Ok(()) };
        let noted = Noted(standing.signed());
        let files = self.files.clone().lock_owned().await;
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
                self.files.lock().await.compared = Some(noted);
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

    async fn attempt(&self, db: &Db) -> anyhow::Result<Done> {
        let files = self.files.clone().lock_owned().await;
        let Some((mut files, standing)) = self.proven(db, files).await? else { return Ok(Done::Taken) };
        let Some(turn) = Turn::begin(db, self.key.origin()).await? else { return Ok(Done::Taken) };
        if *turn.standing() != standing {
            turn.end().await?;
            return Ok(Done::Taken);
        }
        let size = standing.size();
        let is_there =
            |signed: Option<&Signed>| size == 0 || signed.is_some_and(|s| s.checkpoint.size == size);
        let (in_file, noted) = (is_there(files.own.last()), is_there(standing.signed().as_ref()));
        let signed = self.key.sign(size, standing.root());
        if !in_file {
            self.file(signed.clone()).await?;
        }
        // A crash may have come between the two.
        if noted { turn.end().await } else { turn.sealed(&signed).await }?;
        if size > 0 {
            (files.compared, files.proven) = (Some(Noted(Some(signed.clone()))), Some(signed));
        }
        Ok(if in_file { Done::AlreadySo(size) } else { Done::Signed(size) })
    }

    /// Reads the log on to its end, and proves that it begins with everything that was signed. Nobody waits for this.
    /// None while another process seals.
    async fn proven(
        &self,
        db: &Db,
        files: OwnedMutexGuard<Files>,
    ) -> anyhow::Result<Option<(OwnedMutexGuard<Files>, Standing)>> {
        let origin = self.key.origin();
        if let Some(position) = event_log::changed(db).await.map_err(SealError::from)?.first() {
            return Err(SealError::Changed(*position).into());
        }
        if read_to_end(db, origin).await? == Step::Taken {
            return Ok(None);
        }
        // The files behind the database: what it notes was in the file of whoever signed it before.
        let standing = Standing::read(db, origin).await?;
        let noted = standing.signed();
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
        let size = |signed: Option<&Signed>| signed.map_or(0, |signed| signed.checkpoint.size);
        let news = noted.filter(|noted| size(Some(noted)) > size(files.own.last()));
        // Whoever owns the database may have put other lines below it.
        if let Some(news) = news.and_then(|noted| self.key.public().alone(&noted)) {
            self.file(news).await?;
            files = Files::read_on(files).await?;
        }
        Ok(Some((files, standing)))
    }

    /// Whether the log begins with what any process has found it to contradict, as it does once it was put right.
    async fn hold_what_others_told(&self, db: &Db, standing: &Standing) -> Result<(), SealError> {
        let told = contradicted(db, self.key.origin()).await?;
        for earlier in told.iter().filter(|earlier| self.key.public().signed(earlier) == Some(true)) {
            standing.holds(db, &earlier.checkpoint).await?;
        }
        Ok(())
    }

    /// Whether the log begins with what was signed. Where it does not, every process is told.
    async fn holds(&self, db: &Db, standing: &Standing, signed: &Signed) -> Result<(), SealError> {
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

    async fn file(&self, signed: Signed) -> anyhow::Result<()> {
        let log = self.log.clone();
        let named = files::named(files::OWN, log.path());
        tokio::task::spawn_blocking(move || log.append(&signed)).await?.context(named)
    }
}

/// Takes every event into the tree, as far as nobody else is at it.
async fn read_to_end(db: &Db, origin: &str) -> Result<Step, SealError> {
    loop {
        match read_on(db, origin).await? {
            Step::More => {}
            ended @ (Step::Taken | Step::End) => return Ok(ended),
        }
    }
}

/// Whether this process has nothing to compare with, which an attempt to sign says often enough.
fn is_forgetful(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(SealError::Unremembered(_)))
}

/// Whether the database did not answer, which says nothing about what was signed.
fn is_outage(error: &anyhow::Error) -> bool {
    let outage = error.downcast_ref();
    matches!(outage, Some(SealError::Database(_) | SealError::Read(ReadError::Database(_))))
}
