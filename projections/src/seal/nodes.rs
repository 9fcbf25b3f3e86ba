//! Roots of subtrees, read from the database: leaves stand beside the events, and of what is above them each eighth
//! level is kept, one hash for 256 events.
//!
//! **Invariant:** any hash of the tree comes from at most 128 rows.

use super::proof::LeafSpan;
use super::tree::{Node, STRIDE, Tree, join};
use super::{Hash, position};
use crate::db::{Db, read, row};
use crate::projector::Finding;

row! {
    /// A root that is kept, by the last position below it.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(super) struct KeptNode {
        pub position: i64,
        pub level: i32,
        pub hash: Vec<u8>,
    }
}

impl KeptNode {
    pub(super) fn of(Node { level, number, hash }: Node) -> Self {
        let level = i32::try_from(level).expect("a tree has less than 64 levels");
        Self { position: position((number + 1) << level), level, hash: hash.to_vec() }
    }
}

/// The leaf hashes of the events after one position, up to another.
pub(super) async fn leaves(db: &Db, after: i64, up_to: i64) -> Result<Vec<Hash>, sqlx::Error> {
    stored(db, after, up_to).await?.into_iter().map(hash).collect()
}

/// Like [`leaves`], but without checking that each is a hash: the bytes that stand beside the events.
pub(super) async fn stored(db: &Db, after: i64, up_to: i64) -> Result<Vec<Vec<u8>>, sqlx::Error> {
    read!(db, |pool| {
        let leaves = sqlx::query_scalar(include_str!("../sql/seal/leaves.sql"));
        leaves.bind(after).bind(up_to).fetch_all(pool).await
    })
}

/// The roots of these spans.
pub(super) async fn roots(db: &Db, spans: &[LeafSpan]) -> Result<Vec<Hash>, sqlx::Error> {
    let mut roots = Vec::with_capacity(spans.len());
    for span in spans {
        let mut parts = vec![];
        for (level, number) in span.subtrees() {
            parts.push(subtree(db, level, number).await?);
        }
        roots.push(join(parts.into_iter()));
    }
    Ok(roots)
}

/// The root of one full subtree, from the nearest level below that is kept.
async fn subtree(db: &Db, level: u32, number: u64) -> Result<Hash, sqlx::Error> {
    let (after, up_to) = (position(number << level), position((number + 1) << level));
    let below = level - level % STRIDE;
    let hashes =
        if below == 0 { leaves(db, after, up_to).await? } else { kept(db, below, after, up_to).await? };
    if hashes.len() != 1 << (level - below) {
        return Err(sqlx::Error::RowNotFound);
    }
    let mut tree = Tree::default();
    for hash in hashes {
        tree.push(hash, |_| ());
    }
    Ok(tree.root())
}

async fn kept(db: &Db, level: u32, after: i64, up_to: i64) -> Result<Vec<Hash>, sqlx::Error> {
    let rows = rows(db, after, up_to).await?;
    let of_level = rows.into_iter().filter(|kept| u32::try_from(kept.level) == Ok(level));
    of_level.map(|kept| hash(kept.hash)).collect()
}

async fn rows(db: &Db, after: i64, up_to: i64) -> Result<Vec<KeptNode>, sqlx::Error> {
    read!(db, |pool| {
        let kept = sqlx::query_as(include_str!("../sql/seal/nodes.sql"));
        kept.bind(after).bind(up_to).fetch_all(pool).await
    })
}

/// Compares the nodes that are kept for these events with those that were computed from them.
pub(super) async fn difference(
    db: &Db,
    after: i64,
    up_to: i64,
    mut made: Vec<KeptNode>,
) -> Result<Option<Finding>, sqlx::Error> {
    let kept = rows(db, after, up_to).await?;
    made.retain(|node| node.position <= up_to);
    let pairs = kept.iter().map(Some).chain(std::iter::repeat(None)).zip(&made);
    let other = pairs.filter(|(kept, made)| *kept != Some(*made)).map(|(_, made)| made);
    let place = other.chain(kept.get(made.len())).map(|node| node.position).next();
    Ok(place.map(|position| {
        let what = format!("what is kept of the events up to #{position} is not their tree");
        Finding::Table { table: "seal_node", what }
    }))
}

fn hash(bytes: Vec<u8>) -> Result<Hash, sqlx::Error> {
    bytes.try_into().map_err(|_other| {
        sqlx::Error::Decode("the hash beside an event has not 32 bytes; `portal verify` says of which".into())
    })
}
