//! What a witness last saw of each log. A folder has a file for each log: a checkpoint with the witness's own cosignature.
//!
//! **Invariant:** a file is replaced as a whole. A witness that has lost one does not begin again by itself, since it would
//! then cosign whatever it is shown first.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use projections::private;
use projections::seal::{Checkpoint, Cosigner, PublicKey, SignedCheckpoint, tree};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, MutexGuard};

use crate::aside::{Aside, LONGEST};
use crate::clock;

/// The folder of a witness.
pub struct WitnessMemory {
    /// The memory of each log, by origin.
    places: HashMap<String, Mutex<LogMemory>>,
}

/// The lock of the folder, held as long as the process runs. The file must still be the one that was locked: another process
/// could hold a new file in its place.
struct Lock {
    held: File,
    path: PathBuf,
}

/// The memory of one log, and its file.
struct LogMemory {
    file: PathBuf,
    lock: Arc<Lock>,
    latest: SignedCheckpoint,
    writing: Aside<io::Result<()>>,
}

/// The memory of one log, for deciding about the next checkpoint. Only one request has it at a time.
pub(super) struct LogMemoryGuard<'m>(MutexGuard<'m, LogMemory>);

/// The time now, in seconds since 1970.
pub(super) fn now() -> u64 {
    u64::try_from(clock::now().micros() / 1_000_000).unwrap_or(0)
}

/// The file name for a log.
pub(super) fn name(origin: &str) -> String {
    hex::encode(Sha256::digest(origin))
}

impl WitnessMemory {
    /// Opens the memory of these logs. With `begin`, a log that was never seen is remembered as such.
    pub fn open(folder: &Path, key: &Cosigner, logs: &[PublicKey], begin: bool) -> anyhow::Result<Self> {
        private::folder(folder).with_context(|| folder.display().to_string())?;
        let lock = Arc::new(lock(folder)?);
        let mut places = HashMap::new();
        for log in logs {
            let file = folder.join(format!("{}.txt", name(log.origin())));
            let latest = match fs::read_to_string(&file) {
                Err(why) if why.kind() == ErrorKind::NotFound => {
                    if !begin {
                        bail!(
                            "{} has nothing of {}. If this witness never saw that log, start once with --begin; if it did, bring \
                             its memory back: without it, it would cosign whatever it is shown first",
                            folder.display(),
                            log.origin()
                        );
                    }
                    let nothing =
                        Checkpoint { origin: log.origin().to_owned(), size: 0, root: tree::empty() };
                    let latest = key.alone(nothing, now());
                    write(&file, &latest.text()).with_context(|| file.display().to_string())?;
                    latest
                }
                read => read_back(&read.with_context(|| file.display().to_string())?, key, log.origin())
                    .with_context(|| file.display().to_string())?,
            };
            let memory = LogMemory { file, lock: lock.clone(), latest, writing: Aside::default() };
            places.insert(log.origin().to_owned(), Mutex::new(memory));
        }
        Ok(Self { places })
    }

    pub(super) async fn of(&self, origin: &str) -> Option<LogMemoryGuard<'_>> {
        Some(LogMemoryGuard(self.places.get(origin)?.lock().await))
    }
}

impl LogMemoryGuard<'_> {
    pub(super) fn latest(&self) -> &SignedCheckpoint {
        &self.0.latest
    }

    /// Writes down a checkpoint, and returns when it would survive a power cut. What a disk that hung writes later is
    /// written over by the next one: it was cosigned for nobody.
    pub(super) async fn remember(&mut self, signed: SignedCheckpoint) -> io::Result<()> {
        let (lock, file, text) = (self.0.lock.clone(), self.0.file.clone(), signed.text());
        let work = move || {
            if !lock.stands() {
                return Err(io::Error::other(
                    "the lock of its memory was taken away: another witness may have that now",
                ));
            }
            write(&file, &text)
        };
        let silent = || io::Error::new(ErrorKind::TimedOut, "the disk of its memory gives no answer");
        if self.0.writing.hangs() {
            return Err(silent());
        }
        self.0.writing.within(LONGEST, work).await.map_err(|_late| silent())??;
        self.0.latest = signed;
        Ok(())
    }
}

/// Locks the folder: only one witness at a time may use a memory.
fn lock(folder: &Path) -> anyhow::Result<Lock> {
    let path = folder.join("lock");
    let held = private::file().create(true).open(&path).with_context(|| path.display().to_string())?;
    match held.try_lock() {
        Ok(()) => Ok(Lock { held, path }),
        Err(TryLockError::WouldBlock) => bail!("{}: another witness runs with this memory", folder.display()),
        Err(TryLockError::Error(why)) => Err(why).with_context(|| path.display().to_string()),
    }
}

impl Lock {
    fn stands(&self) -> bool {
        let (held, there) = (self.held.metadata(), fs::metadata(&self.path));
        matches!((held, there), (Ok(held), Ok(there)) if (held.dev(), held.ino()) == (there.dev(), there.ino()))
    }
}

/// Reads the file of a log. Only a checkpoint that this witness has cosigned itself is believed.
fn read_back(text: &str, key: &Cosigner, origin: &str) -> anyhow::Result<SignedCheckpoint> {
    let ours = |signed: &SignedCheckpoint| {
        signed.text() == text
            && signed.checkpoint.origin == origin
            && matches!(key.public().cosigned(signed), Ok(Some(_)))
    };
    let kept = text.parse().ok().filter(ours);
    kept.with_context(|| format!("this is not a checkpoint of {origin} that this witness cosigned"))
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    let new = file.with_extension("new");
    match fs::remove_file(&new) {
        Err(why) if why.kind() != ErrorKind::NotFound => return Err(why),
        _half_done => {}
    }
    // The file is created anew, so nothing is written through a link that somebody put there.
    let mut writer = private::file().create_new(true).open(&new)?;
    writer.write_all(text.as_bytes())?;
    writer.sync_all()?;
    fs::rename(&new, file)?;
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
