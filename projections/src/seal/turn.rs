//! How far this portal has sealed, and the next step.
//!
//! ```text
//! read_on … read_on ─► Turn ─► holds what was signed? ─► sign, write to the checkpoint log ─► sealed
//! ```
//!
//! **Invariant:** one process at a time. What is kept of the tree moves with the position that it is of, in one
//! transaction.

use super::proof::{consistency, extends};
use super::tree::Tree;
use super::{Checkpoint, Hash, Signed, nodes, position, size};
use crate::Platform;
use crate::db::{Db, Tx, on, read, row};
use crate::event_log::{self, ReadError};

row! {
    /// What is kept of the tree, for one origin.
    #[derive(Clone, Debug)]
    pub(super) struct State {
        pub origin: String,
        pub size: i64,
        pub nodes: Vec<u8>,
        pub checkpoint: Option<String>,
    }
}

impl State {
    pub(super) fn signed(&self) -> Option<Signed> {
        self.checkpoint.as_deref()?.parse().ok()
    }
}

/// Why nothing is sealed. The text is read by whoever runs the portal.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("#{0} was changed: its hash is not the hash of what stands there")]
    Changed(i64),
    #[error(
        "a checkpoint of {signed} events was signed, and the log has {stands}: later ones were removed, or this is a \
         restore of an earlier moment. If it is, make a key with a new origin: docs/PROOF.md says how"
    )]
    Behind { signed: u64, stands: u64 },
    #[error(
        "the log does not begin with the {signed} events of which a checkpoint was signed: it was changed, or this is \
         a restore of an earlier moment that went on differently. `portal verify` says more; docs/PROOF.md says what \
         to do"
    )]
    Other { signed: u64 },
    #[error("the checkpoint of {signed} events bears no signature of this key")]
    Forged { signed: u64 },
    #[error("what is kept in the table seal for {0} is no tree")]
    Damaged(String),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{0}")]
    Database(#[from] sqlx::Error),
}

/// Whether there is more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Another process is at it.
    Taken,
    More,
    /// The tree has every event of the log.
    End,
}

/// Events of one step.
const BATCH: i64 = 1024;

/// Takes the next events into the tree, each compared with the hash beside it.
pub async fn read_on(db: &Db, origin: &str) -> Result<Step, SealError> {
    let Some(mut turn) = Turn::begin(db, origin).await? else { return Ok(Step::Taken) };
    let events = event_log::tail(db, position(turn.tree.size()), BATCH).await?;
    if events.is_empty() {
        let stands = event_log::last(db).await?.map_or(0, |(last, _)| size(last));
        let signed = turn.tree.size();
        turn.end().await?;
        return if stands < signed { Err(SealError::Behind { signed, stands }) } else { Ok(Step::End) };
    }
    let mut kept = vec![];
    for event in &events {
        let leaf = event.leaf_hash.as_slice().try_into();
        let leaf = leaf.ok().filter(|_| event.is_intact()).ok_or(SealError::Changed(event.position))?;
        turn.tree.push(leaf, |node| kept.push(nodes::Kept::of(node)));
    }
    turn.keep(&kept).await?;
    Ok(if events.len() < usize::try_from(BATCH).unwrap_or(0) { Step::End } else { Step::More })
}

/// The right to seal, until it ends.
pub struct Turn {
    db: Db,
    tx: Tx,
    tree: Tree,
    state: State,
}

impl Turn {
    /// None while another process has it.
    pub async fn begin(db: &Db, origin: &str) -> Result<Option<Self>, SealError> {
        let mut tx = db.begin().await?;
        on!(&mut tx, |conn| {
            sqlx::query(include_str!("../sql/seal/register.sql")).bind(origin).execute(conn).await.map(drop)
        })?;
        let lock = match tx {
            Tx::Postgres(_) => include_str!("../sql/seal/lock_postgres.sql"),
            Tx::Sqlite(_) => include_str!("../sql/seal/lock_sqlite.sql"),
        };
        let state: Option<State> =
            on!(&mut tx, |conn| sqlx::query_as(lock).bind(origin).fetch_optional(conn).await)?;
        let Some(state) = state else { return Ok(None) };
        let tree = Tree::of(size(state.size), &state.nodes);
        let tree = tree.ok_or_else(|| SealError::Damaged(origin.to_owned()))?;
        Ok(Some(Self { db: db.clone(), tx, tree, state }))
    }

    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// The checkpoint that was signed last, as the database has it.
    pub fn signed(&self) -> Option<Signed> {
        self.state.signed()
    }

    /// Proves that the tree begins with that of an earlier checkpoint.
    pub async fn holds(&self, earlier: &Checkpoint) -> Result<(), SealError> {
        let (signed, stands) = (earlier.size, self.size());
        if signed > stands {
            return Err(SealError::Behind { signed, stands });
        }
        let proof = nodes::roots(&self.db, &consistency(signed, stands)).await?;
        let holds = extends(&proof, (signed, earlier.root), (stands, self.root()));
        if holds { Ok(()) } else { Err(SealError::Other { signed }) }
    }

    /// Notes what was signed, and ends the turn.
    pub async fn sealed(mut self, signed: &Signed) -> Result<(), SealError> {
        on!(&mut self.tx, |conn| {
            let note = sqlx::query(include_str!("../sql/seal/sealed.sql"));
            note.bind(&self.state.origin).bind(signed.text()).execute(conn).await.map(drop)
        })?;
        Ok(self.tx.commit().await?)
    }

    /// Gives the turn back, with nothing signed. Dropping does the same, but some time later.
    pub async fn end(self) -> Result<(), SealError> {
        Ok(self.tx.rollback().await?)
    }

    async fn keep(mut self, kept: &[nodes::Kept]) -> Result<(), sqlx::Error> {
        for node in kept {
            on!(&mut self.tx, |conn| {
                let keep = sqlx::query(include_str!("../sql/seal/keep.sql"));
                keep.bind(node.position).bind(node.level).bind(&node.hash).execute(conn).await.map(drop)
            })?;
        }
        on!(&mut self.tx, |conn| {
            sqlx::query(include_str!("../sql/seal/advance.sql"))
                .bind(&self.state.origin)
                .bind(position(self.tree.size()))
                .bind(self.tree.bytes())
                .execute(conn)
                .await
                .map(drop)
        })?;
        self.tx.commit().await
    }
}

/// The last checkpoint of an origin, as the database has it.
pub async fn last(db: &Db, _: &Platform, origin: &str) -> Result<Option<Signed>, sqlx::Error> {
    let of_origin = states(db).await?.into_iter().find(|state| state.origin == origin);
    Ok(of_origin.and_then(|state| state.signed()))
}

/// What is kept, for every origin that ever was; the one with the most events first.
pub(super) async fn states(db: &Db) -> Result<Vec<State>, sqlx::Error> {
    read!(db, |pool| sqlx::query_as(include_str!("../sql/seal/states.sql")).fetch_all(pool).await)
}
