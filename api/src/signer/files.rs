//! Every checkpoint log that this process checks against before it signs, and what it remembers itself.
//!
//! **Invariant:** what cannot be read stops the signing: nobody knows then what it would have said.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use projections::seal::Signed;
use tokio::sync::OwnedMutexGuard;

use super::aside;
use super::heads::Heads;

/// The setting that names the own one.
pub(super) const OWN: &str = "PORTAL_SEAL_LOG";

/// The setting that names those of other processes.
const OTHERS: &str = "PORTAL_SEAL_OTHER_LOGS";

pub(super) struct Files {
    pub own: Heads,
    others: Vec<Heads>,
    /// The largest with which a log has begun since this process did, whatever became of the file.
    pub proven: Option<Signed>,
    /// What the database had noted when it was compared last.
    pub compared: Option<Noted>,
    /// What was asked of other processes, until one answers.
    pub question: Option<String>,
}

/// What a database says was signed last, perhaps nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Noted(pub Option<Signed>);

impl Files {
    pub(super) fn of(own: PathBuf, others: &[PathBuf], origin: &str) -> Self {
        let others = others.iter().map(|file| Heads::of(file.clone(), origin)).collect();
        Self { own: Heads::of(own, origin), others, proven: None, compared: None, question: None }
    }

    /// Reads all of them on, where nobody waits for it.
    pub(super) async fn read_on(mut files: OwnedMutexGuard<Self>) -> anyhow::Result<OwnedMutexGuard<Self>> {
        let read = move || {
            match files.own.read_on() {
                // It is begun anew by the next checkpoint; what it said is remembered here as long as the process runs.
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

    /// With what a log has to begin.
    pub(super) fn heads(&self) -> impl Iterator<Item = Signed> {
        let files = self.others.iter().chain([&self.own]);
        files.flat_map(Heads::all).chain(&self.proven).cloned()
    }

    /// Whether anything is remembered of what was signed.
    pub(super) fn remember(&self) -> bool {
        self.heads().next().is_some()
    }

    /// A log begins with all of [`Files::heads`], and with this one.
    pub(super) fn settle(&mut self, noted: Option<Signed>) {
        self.proven = self.heads().chain(noted).max_by_key(|signed| signed.checkpoint.size);
        self.own.settle();
        self.others.iter_mut().for_each(Heads::settle);
    }
}

pub(super) fn named(setting: &str, file: &Path) -> String {
    format!("{setting}: {}", file.display())
}
