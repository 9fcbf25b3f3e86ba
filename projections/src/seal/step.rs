//! Takes the next step of sealing.
//!
//! ```text
//! read_on … read_on ─► Standing ─► holds what was signed? ─► SealStep ─► sign, write to the checkpoint log ─► sealed
//!                                                            still the same?
//! ```
//!
//! **Invariant:** one process seals at a time. The stored tree and its position are written in one transaction, which reads
//! nothing that takes longer when the log is longer.

use super::error::SealError;
use super::standing::{SealedTree, StoredTree};
use super::tree::Tree;
use super::{SignedCheckpoint, nodes, position, size};
use crate::db::{Db, Tx, on, read, write};
use crate::event_log::{self};

/// The result of a step: whether there is more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealProgress {
    /// Another process is sealing.
    Taken,
    More,
    /// The tree has every event of the log.
    End,
}

/// The most events of one step.
const BATCH: i64 = 1024;

/// Adds the next events to the tree, each compared with the hash beside it. Reading and comparing hold up nobody: only the
/// result is written under the lock, if nobody else was faster.
pub async fn read_on(db: &Db, origin: &str) -> Result<SealProgress, SealError> {
    let before = SealedTree::read(db, origin).await?;
    let events = event_log::tail(db, position(before.size()), BATCH).await?;
    if events.is_empty() {
        let stands = size(event_log::last(db).await?);
        let signed = before.size();
        return if stands < signed {
            Err(SealError::Behind { signed, stands })
        } else {
            Ok(SealProgress::End)
        };
    }
    let (mut tree, mut kept) = (before.tree().clone(), vec![]);
    for event in &events {
        let leaf = event.leaf_hash.as_slice().try_into();
        let leaf = leaf.ok().filter(|_| event.is_intact()).ok_or(SealError::Changed(event.position))?;
        tree.push(leaf, |node| kept.push(nodes::KeptNode::of(node)));
    }
    let Some(turn) = SealStep::begin(db, origin).await? else { return Ok(SealProgress::Taken) };
    if turn.standing != before {
        turn.end().await?;
        return Ok(SealProgress::More);
    }
    turn.keep(&tree, &kept).await?;
    Ok(if events.len() < usize::try_from(BATCH).unwrap_or(0) {
        SealProgress::End
    } else {
        SealProgress::More
    })
}

/// The right to seal, until it is dropped. On SQLite nobody else can write meanwhile, so it must be short.
pub struct SealStep {
    tx: Tx,
    standing: SealedTree,
}

impl SealStep {
    /// Takes the right to seal; none while another process has it.
    pub async fn begin(db: &Db, origin: &str) -> Result<Option<Self>, SealError> {
        let mut tx = db.begin().await?;
        on!(&mut tx, |conn| {
            sqlx::query(include_str!("../sql/seal/register.sql")).bind(origin).execute(conn).await.map(drop)
        })?;
        let lock = match tx {
            Tx::Postgres(_) => include_str!("../sql/seal/lock_postgres.sql"),
            Tx::Sqlite(_) => include_str!("../sql/seal/lock_sqlite.sql"),
        };
        let state: Option<StoredTree> =
            on!(&mut tx, |conn| sqlx::query_as(lock).bind(origin).fetch_optional(conn).await)?;
        let Some(state) = state else { return Ok(None) };
        Ok(Some(Self { tx, standing: SealedTree::of(state)? }))
    }

    /// The tree, which does not grow as long as this lasts.
    pub fn standing(&self) -> &SealedTree {
        &self.standing
    }

    /// Stores the signed checkpoint, and gives up the right to seal.
    pub async fn sealed(mut self, signed: &SignedCheckpoint) -> Result<(), SealError> {
        on!(&mut self.tx, |conn| {
            let note = sqlx::query(include_str!("../sql/seal/sealed.sql"));
            note.bind(self.standing.origin()).bind(signed.text()).execute(conn).await.map(drop)
        })?;
        Ok(self.tx.commit().await?)
    }

    /// Gives up the right with nothing signed. Dropping does the same, but some time later.
    pub async fn end(self) -> Result<(), SealError> {
        Ok(self.tx.rollback().await?)
    }

    async fn keep(mut self, tree: &Tree, kept: &[nodes::KeptNode]) -> Result<(), sqlx::Error> {
        for node in kept {
            on!(&mut self.tx, |conn| {
                let keep = sqlx::query(include_str!("../sql/seal/keep.sql"));
                keep.bind(node.position).bind(node.level).bind(&node.hash).execute(conn).await.map(drop)
            })?;
        }
        on!(&mut self.tx, |conn| {
            sqlx::query(include_str!("../sql/seal/advance.sql"))
                .bind(self.standing.origin())
                .bind(position(tree.size()))
                .bind(tree.bytes())
                .execute(conn)
                .await
                .map(drop)
        })?;
        self.tx.commit().await
    }
}

/// Stores a checkpoint that this log contradicts, so that every process that shares this database knows. Once is enough.
pub async fn contradict(db: &Db, signed: &SignedCheckpoint) -> Result<(), sqlx::Error> {
    write!(db, |conn| {
        sqlx::query(include_str!("../sql/seal/contradict.sql"))
            .bind(&signed.checkpoint.origin)
            .bind(signed.text())
            .execute(conn)
            .await
            .map(drop)
    })
}

/// The checkpoints of an origin that some process found the log of this database to contradict. Whether they bear a
/// signature is for whoever has the key to say.
pub async fn contradicted(db: &Db, origin: &str) -> Result<Vec<SignedCheckpoint>, sqlx::Error> {
    let notes: Vec<(String,)> = read!(db, |pool| {
        sqlx::query_as(include_str!("../sql/seal/contradicted.sql")).bind(origin).fetch_all(pool).await
    })?;
    Ok(notes.iter().filter_map(|(note,)| note.parse().ok()).collect())
}
