//! What a process remembers of what was signed, and from where.
//!
//! | from | who vouches for it |
//! | --- | --- |
//! | a checkpoint log that it reads | whoever keeps that file |
//! | its own, where that says that the log was empty | nobody needs to: nothing was there, and nothing says that there was |
//! | another process that runs | that process, to this question alone |
//! | `portal seal --trust` | whoever gave the order |
//!
//! **Invariant:** a process that remembers nothing signs nothing of a log that is not empty, whatever the database says.
//! Whoever owns the database could have kept an early checkpoint, or none, and written another log behind it.

use anyhow::{anyhow, bail};
use chrono::TimeDelta;
use projections::Db;
use projections::seal::question::{answer, answered, ask, forget, questions};
use projections::seal::{Checkpoint, SealedTree, has_traces, tree};
use projections::seal::{SealError, step::SealProgress};

use super::CheckpointSigner;
use super::files::Files;
use crate::clock;

impl CheckpointSigner {
    /// Finds out at the start what was signed. If the log is empty, the process remembers that. Otherwise it asks the other
    /// running processes, unless a checkpoint log says something already.
    pub async fn begin(&self, db: &Db) -> anyhow::Result<()> {
        let mut files = Files::read_on(self.files().await?).await?;
        if files.remember() {
            return Ok(());
        }
        // While another process reads the log, this one can't say if it is empty.
        let looked = self.read_to_end(db, &files).await? == SealProgress::End;
        let is_empty = looked && SealedTree::read(db, self.key.origin()).await?.size() == 0;
        if is_empty && !has_traces(db).await? {
            return self.file(self.key.sign(0, tree::empty())).await;
        }
        self.ask(db, &mut files).await
    }

    /// Asks the other processes what was signed.
    async fn ask(&self, db: &Db, files: &mut Files) -> anyhow::Result<()> {
        let mut question = [0; 32];
        getrandom::fill(&mut question)?;
        let question = hex::encode(question);
        ask(db, self.key.origin(), &question, clock::now()).await?;
        files.question = Some(question);
        Ok(())
    }

    /// True if this process may sign the log as it is now: it remembers something, and the log holds that.
    pub async fn vouches(&self, db: &Db) -> bool {
        let Ok(files) = self.files().await else { return false };
        matches!(self.proven(db, files).await, Ok(Some((files, _))) if files.remember())
    }

    /// The checkpoints that this process remembers, for comparing a log with them.
    pub async fn kept(&self) -> Vec<Checkpoint> {
        // The comparison does not wait for a file that can't be read. The attempt to sign reports that.
        let Ok(files) = self.files().await else { return vec![] };
        let ours = files.heads().filter(|signed| self.key.public().signed(signed) == Some(true));
        ours.map(|signed| signed.checkpoint).collect()
    }

    /// Keeps what another process answered as this process's own memory.
    pub(super) async fn hear(&self, db: &Db, files: &mut Files) -> anyhow::Result<()> {
        let Some(question) = &files.question else { return Ok(()) };
        let Some(answer) = answered(db, question).await? else { return Ok(()) };
        let remembered = self.key.public().answered(question, &answer);
        forget(db, question, clock::after(-TimeDelta::days(1))).await?;
        files.question = None;
        match remembered {
            Some(remembered) => self.file(self.key.public().alone(&remembered).unwrap_or(remembered)).await,
            // The owner of the database can answer as well, with nothing. The next answer may come from a process.
            None => self.ask(db, files).await,
        }
    }

    /// Answers others, where this process remembers something and the log holds it.
    pub(super) async fn answer(&self, db: &Db) -> anyhow::Result<()> {
        let open = questions(db, self.key.origin()).await?;
        let files = self.files().await?;
        if open.is_empty() || !files.remember() {
            return Ok(());
        }
        let Some((files, _)) = self.proven(db, files).await? else { return Ok(()) };
        for question in &open {
            if let Some(remembered) = &files.proven {
                answer(db, question, &self.key.answer(question, remembered)).await?;
            }
        }
        Ok(())
    }

    /// Begins a checkpoint log with a checkpoint that somebody says they trust, if the log holds it.
    pub async fn trust(&self, db: &Db, named: &str) -> anyhow::Result<()> {
        let trusted = Checkpoint::of(self.key.origin(), named)
            .filter(|trusted| trusted.size > 0)
            .ok_or_else(|| anyhow!("{named:?} is not SIZE:ROOT, as portal names it"))?;
        let files = Files::read_on(self.files().await?).await?;
        if files.remember() {
            bail!(
                "{} has a checkpoint of this log already, so there is nothing to trust",
                self.log.path().display()
            );
        }
        self.read_to_end(db, &files).await?;
        let standing = SealedTree::read(db, self.key.origin()).await?;
        match standing.holds(db, &trusted).await {
            Err(SealError::Behind { .. } | SealError::Other { .. }) => {
                bail!(
                    "the log does not begin with {named}, which you named: here is {}",
                    standing.checkpoint().named()
                )
            }
            held => held?,
        }
        self.hold_what_others_told(db, &standing).await?;
        self.file(self.key.sign(trusted.size, trusted.root)).await
    }
}
