//! Every checkpoint log that this process checks against before it signs, and what it remembers itself.
//!
//! **Invariant:** a file that cannot be read stops the signing, since nobody knows what it says.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use projections::seal::SignedCheckpoint;
use tokio::sync::OwnedMutexGuard;

use super::aside;
use super::heads::Heads;

/// The setting that names this process's own checkpoint log.
pub(super) const OWN: &str = "PORTAL_SEAL_LOG";

/// The setting that names the checkpoint logs of other processes.
const OTHERS: &str = "PORTAL_SEAL_OTHER_LOGS";

pub(super) struct Files {
    pub own: Heads,
    others: Vec<Heads>,
    /// The largest checkpoint with which the log was proven to begin since this process started, whatever became of the
    /// file.
    pub proven: Option<SignedCheckpoint>,
    /// The checkpoint that the database had noted at the last comparison.
    pub compared: Option<Noted>,
    /// The question to the other processes, until one of them answers.
    pub question: Option<String>,
}

/// The checkpoint that a database says was signed last, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Noted(pub Option<SignedCheckpoint>);

impl Files {
    pub(super) fn of(own: PathBuf, others: &[PathBuf], origin: &str) -> Self {
        let others = others.iter().map(|file| Heads::of(file.clone(), origin)).collect();
        Self { own: Heads::of(own, origin), others, proven: None, compared: None, question: None }
    }

    /// Reads what was added to all of them. The wait for the disk is on a thread of its own.
    pub(super) async fn read_on(mut files: OwnedMutexGuard<Self>) -> anyhow::Result<OwnedMutexGuard<Self>> {
        let read = move || {
            match files.own.read_on() {
                // The next checkpoint creates the file anew. This process remembers what it said.
                Err(why) if why.kind() == ErrorKind::NotFound => {}
                read => drop(read.with_context(|| named(OWN, files.own.path()))?),
            }
            for other in &mut files.others {
                other.read_on().with_context(|| named(OTHERS, other.path()))?;
            }
            Ok(files)
        };
        aside(read).await?
    }

    /// The checkpoints that the log has to begin with.
    pub(super) fn heads(&self) -> impl Iterator<Item = SignedCheckpoint> {
        let files = self.others.iter().chain([&self.own]);
        files.flat_map(Heads::all).chain(&self.proven).cloned()
    }

    /// True if this process remembers anything that was signed.
    pub(super) fn remember(&self) -> bool {
        self.heads().next().is_some()
    }

    /// Notes that a log begins with all of [`Files::heads`], and with this checkpoint.
    pub(super) fn settle(&mut self, noted: Option<SignedCheckpoint>) {
        self.proven = self.heads().chain(noted).max_by_key(|signed| signed.checkpoint.size);
        self.own.settle();
        self.others.iter_mut().for_each(Heads::settle);
    }
}

pub(super) fn named(setting: &str, file: &Path) -> String {
    format!("{setting}: {}", file.display())
}
