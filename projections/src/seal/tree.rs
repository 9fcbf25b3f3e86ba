//! The Merkle tree while it grows. It keeps only the roots of its full subtrees, largest first, one for each 1 bit of its
//! size.
//!
//! ```text
//! size 6 = 4 + 2        ┌── root of #1–#4 ──┐  ┌─ root of #5–#6 ─┐
//! ```
//!
//! **Invariant:** there are as many nodes as there are ones in the size, so a million events need seven hashes.

use sha2::{Digest, Sha256};

use super::Hash;

/// The database keeps the inner nodes of every eighth level: one for 256 events.
pub(super) const STRIDE: u32 = 8;

/// The root of no events at all.
pub fn empty() -> Hash {
    Sha256::digest([]).into()
}

/// The hash of the node above two others.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

/// A full subtree's root, whose events are `number · 2^level + 1` and the `2^level − 1` behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    pub level: u32,
    pub number: u64,
    pub hash: Hash,
}

/// A tree of `size` events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    nodes: Vec<Hash>,
}

impl Tree {
    /// Makes a tree from its size and what [`Tree::bytes`] gave; none if the two don't fit.
    pub fn of(size: u64, bytes: &[u8]) -> Option<Self> {
        let (nodes, []) = bytes.as_chunks() else { return None };
        let fits = u32::try_from(nodes.len()).is_ok_and(|number| number == size.count_ones());
        fits.then(|| Self { size, nodes: nodes.to_vec() })
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.nodes.concat()
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds one event; `kept` is told each node of a stored level that it completes.
    pub fn push(&mut self, leaf: Hash, mut kept: impl FnMut(Node)) {
        let mut hash = leaf;
        for level in 1..=self.size.trailing_ones() {
            let left = self.nodes.pop().expect("there is a node for each bit of the size");
            hash = node(&left, &hash);
            if level.is_multiple_of(STRIDE) {
                kept(Node { level, number: self.size >> level, hash });
            }
        }
        self.nodes.push(hash);
        self.size += 1;
    }

    pub fn root(&self) -> Hash {
        join(self.nodes.iter().copied())
    }
}

/// The root above full subtrees of falling size, side by side.
pub(super) fn join(nodes: impl DoubleEndedIterator<Item = Hash>) -> Hash {
    nodes.rev().reduce(|right, left| node(&left, &right)).unwrap_or_else(empty)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// RFC 6962 §2.1, word for word.
    pub(in crate::seal) fn definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node(&definition(left), &definition(right))
            }
        }
    }

    pub(in crate::seal) fn leaves(number: u32) -> Vec<Hash> {
        (0..number).map(|n| Sha256::digest(n.to_be_bytes()).into()).collect()
    }

    #[test]
    fn the_root_is_that_of_the_definition_at_every_size() {
        let (leaves, mut tree) = (leaves(300), Tree::default());
        for size in 0..=leaves.len() {
            assert_eq!(tree.root(), definition(&leaves[..size]), "{size}");
            let again = Tree::of(tree.size(), &tree.bytes()).expect("it was one");
            assert_eq!(again, tree);
            if let Some(leaf) = leaves.get(size) {
                tree.push(*leaf, |_| ());
            }
        }
    }

    #[test]
    fn the_roots_are_those_of_certificate_transparency() {
        // The test vectors that the first implementation of RFC 6962 published.
        let inputs: [&[u8]; 3] = [b"", &[0], &[0x10]];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        ];
        let mut tree = Tree::default();
        for (input, root) in inputs.into_iter().zip(roots) {
            let leaf = Sha256::new().chain_update([0]).chain_update(input).finalize().into();
            tree.push(leaf, |_| ());
            assert_eq!(hex::encode(tree.root()), root);
        }
    }

    #[test]
    fn each_node_of_a_stored_level_is_told_once() {
        let (leaves, mut tree, mut told) = (leaves(600), Tree::default(), vec![]);
        for leaf in &leaves {
            tree.push(*leaf, |node| told.push(node));
        }
        let kept = |number, events| Node { level: STRIDE, number, hash: definition(events) };
        assert_eq!(told, [kept(0, &leaves[..256]), kept(1, &leaves[256..512])]);
    }

    #[test]
    fn nodes_that_do_not_fit_the_size_are_no_tree() {
        assert!(Tree::of(3, &[7; 64]).is_some());
        for (size, bytes) in [(3, 32), (0, 32), (4, 64), (1, 31), (1, 33)] {
            assert!(Tree::of(size, &vec![7; bytes]).is_none(), "{size} {bytes}");
        }
    }
}
