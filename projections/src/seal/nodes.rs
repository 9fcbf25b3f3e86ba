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

/// The next leaves after a position, up to another: the position of each, and the bytes beside its event, if there are any.
/// Nobody has checked that these are a hash, or that none is missing.
pub(super) async fn leaves(
    db: &Db,
    after: i64,
    up_to: i64,
    limit: i64,
) -> Result<Vec<(i64, Option<Vec<u8>>)>, sqlx::Error> {
    read!(db, |pool| {
        let leaves = sqlx::query_as(include_str!("../sql/seal/leaves.sql"));
        leaves.bind(after).bind(up_to).bind(limit).fetch_all(pool).await
    })
}

/// The roots of these spans. None where the log has no tree: an event or what is kept of some is missing, or has no hash.
pub(super) async fn roots(db: &Db, spans: &[LeafSpan]) -> Result<Option<Vec<Hash>>, sqlx::Error> {
    let mut roots = Vec::with_capacity(spans.len());
    for span in spans {
        let mut parts = vec![];
        for (level, number) in span.subtrees() {
            let Some(part) = subtree(db, level, number).await? else { return Ok(None) };
            parts.push(part);
        }
        roots.push(join(parts.into_iter()));
    }
    Ok(Some(roots))
}

/// The root of one full subtree, from the nearest level below that is kept.
async fn subtree(db: &Db, level: u32, number: u64) -> Result<Option<Hash>, sqlx::Error> {
    let (after, up_to) = (position(number << level), position((number + 1) << level));
    let below = level - level % STRIDE;
    let number = 1_u64 << (level - below);
    let hashes: Vec<(i64, Option<Vec<u8>>)> = if below == 0 {
        leaves(db, after, up_to, position(number + 1)).await?
    } else {
        let of_level = |kept: &KeptNode| u32::try_from(kept.level) == Ok(below);
        let kept = rows(db, after, up_to).await?.into_iter().filter(of_level);
        kept.map(|kept| (kept.position, Some(kept.hash))).collect()
    };
    let mut tree = Tree::default();
    for (at, hash) in hashes {
        let is_next = at == after + position((tree.size() + 1) << below);
        let hash = hash.filter(|_| is_next).and_then(|hash| hash.try_into().ok());
        let Some(hash) = hash else { return Ok(None) };
        tree.push(hash, |_| ());
    }
    Ok((tree.size() == number).then(|| tree.root()))
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
