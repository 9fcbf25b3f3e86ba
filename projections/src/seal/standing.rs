//! Reads how far the tree has grown, as the database keeps it, and proves that it begins with what was signed.
//!
//! **Invariant:** reading takes no lock, so the tree may have grown a moment later. A [`SealStep`](super::SealStep) says
//! whether it has.

use super::error::SealError;
use super::proof::{TreeHead, consistency, extends};
use super::tree::Tree;
use super::{Checkpoint, Hash, SignedCheckpoint, nodes, size};
use crate::Platform;
use crate::db::{Db, read, row};

row! {
    /// The stored state of the tree, for one origin.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(super) struct StoredTree {
        pub origin: String,
        pub size: i64,
        pub nodes: Vec<u8>,
        pub checkpoint: Option<String>,
    }
}

impl StoredTree {
    pub(super) fn signed(&self) -> Option<SignedCheckpoint> {
        self.checkpoint.as_deref()?.parse().ok()
    }
}

/// The tree of one origin, and the checkpoint that was signed of it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedTree {
    state: StoredTree,
    tree: Tree,
}

impl SealedTree {
    /// Reads the tree of an origin. If nothing was sealed for it yet, this is the tree of no events.
    pub async fn read(db: &Db, origin: &str) -> Result<Self, SealError> {
        let state = states(db).await?.into_iter().find(|state| state.origin == origin);
        Self::of(state.unwrap_or_else(|| StoredTree {
            origin: origin.to_owned(),
            size: 0,
            nodes: vec![],
            checkpoint: None,
        }))
    }

    pub(super) fn of(state: StoredTree) -> Result<Self, SealError> {
        let tree = Tree::of(size(state.size), &state.nodes);
        let tree = tree.ok_or_else(|| SealError::Damaged(state.origin.clone()))?;
        Ok(Self { state, tree })
    }

    pub fn origin(&self) -> &str {
        &self.state.origin
    }

    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// An unsigned checkpoint of this tree.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { origin: self.origin().to_owned(), size: self.size(), root: self.root() }
    }

    /// The checkpoint that was signed last, as the database has it.
    pub fn signed(&self) -> Option<SignedCheckpoint> {
        self.state.signed()
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Proves that the tree begins with that of an earlier checkpoint.
    pub async fn holds(&self, db: &Db, earlier: &Checkpoint) -> Result<(), SealError> {
        let (signed, stands) = (earlier.size, self.size());
        if signed > stands {
            return Err(SealError::Behind { signed, stands });
        }
        let proof = nodes::roots(db, &consistency(signed, stands)).await?;
        let head = TreeHead { size: stands, root: self.root() };
        let holds = proof.is_some_and(|proof| extends(&proof, earlier.head(), head));
        if holds { Ok(()) } else { Err(SealError::Other { signed }) }
    }
}

/// Says whether there are traces of earlier events. Whoever emptied the log forgot them, or wants it to seem new.
pub async fn has_traces(db: &Db) -> Result<bool, sqlx::Error> {
    let traces: i64 =
        read!(db, |pool| sqlx::query_scalar(include_str!("../sql/seal/traces.sql")).fetch_one(pool).await)?;
    Ok(traces > 0)
}

/// The last checkpoint of an origin, as the database has it.
pub async fn last(db: &Db, _: &Platform, origin: &str) -> Result<Option<SignedCheckpoint>, sqlx::Error> {
    let of_origin = states(db).await?.into_iter().find(|state| state.origin == origin);
    Ok(of_origin.and_then(|state| state.signed()))
}

/// The stored states of all origins that ever were; the one with the most events first.
pub(super) async fn states(db: &Db) -> Result<Vec<StoredTree>, sqlx::Error> {
    read!(db, |pool| sqlx::query_as(include_str!("../sql/seal/states.sql")).fetch_all(pool).await)
}
