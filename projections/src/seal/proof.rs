//! Short proofs about a Merkle tree: that it contains an event (inclusion), and that it begins with a smaller tree
//! (consistency).
//!
//! Proofs are made as in RFC 6962 §2.1.1 and §2.1.2, and checked as in RFC 9162 §2.1.3.2 and §2.1.4.2.
//!
//! **Invariant:** pure. A proof is first a list of [`LeafSpan`]s; whoever has the hashes fills it in.

use super::Hash;
use super::tree::node;

/// A range of neighbouring events, counted from 0, without `to` itself. Its root is one hash of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafSpan {
    pub from: u64,
    pub to: u64,
}

impl LeafSpan {
    /// The full subtrees that make up the span, as level and number, from left to right.
    pub fn subtrees(self) -> Vec<(u32, u64)> {
        let (mut from, mut subtrees) = (self.from, vec![]);
        while from < self.to {
            let level = from.trailing_zeros().min((self.to - from).ilog2());
            subtrees.push((level, from >> level));
            from += 1 << level;
        }
        subtrees
    }

    /// Splits the span at the largest power of two that is smaller than its length. It must have at least two events.
    fn halves(self) -> (Self, Self) {
        let middle = self.from + (1 << (self.to - self.from - 1).ilog2());
        (Self { to: middle, ..self }, Self { from: middle, ..self })
    }
}

/// The spans that prove that the event `index` (its position − 1) is in a tree of `size`, from the event upwards.
pub fn inclusion(index: u64, size: u64) -> Vec<LeafSpan> {
    let (mut path, mut span) = (vec![], LeafSpan { from: 0, to: size });
    while span.to - span.from > 1 {
        let (left, right) = span.halves();
        let (inside, outside) = if index < right.from { (left, right) } else { (right, left) };
        path.push(outside);
        span = inside;
    }
    path.reverse();
    path
}

/// The spans that prove that the tree of `first` events is the beginning of the tree of `second` events.
pub fn consistency(first: u64, second: u64) -> Vec<LeafSpan> {
    let (mut path, mut span) = (vec![], LeafSpan { from: 0, to: second });
    if first == 0 || first == second {
        return path;
    }
    while first != span.to {
        let (left, right) = span.halves();
        let (inside, outside) = if first <= right.from { (left, right) } else { (right, left) };
        path.push(outside);
        span = inside;
    }
    if span.from > 0 {
        path.push(span); // otherwise it is the smaller tree itself, which whoever checks has
    }
    path.reverse();
    path
}

/// A tree as whoever checks a proof knows it (RFC 6962): how many events it has, and its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    pub size: u64,
    pub root: Hash,
}

/// A leaf, and the event that it is of, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexedLeaf {
    pub index: u64,
    pub leaf: Hash,
}

/// Checks that `proof` shows that this leaf is in the tree, at this index.
pub fn includes(proof: &[Hash], IndexedLeaf { index, leaf }: IndexedLeaf, head: TreeHead) -> bool {
    let TreeHead { size, root } = head;
    if index >= size {
        return false;
    }
    let (mut place, mut last, mut hash) = (index, size - 1, leaf);
    for step in proof {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            hash = node(step, &hash);
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, step);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    last == 0 && hash == root
}

/// Checks that `proof` shows that the earlier tree is the beginning of the later one. Every tree begins with the empty
/// one.
pub fn extends(proof: &[Hash], earlier: TreeHead, later: TreeHead) -> bool {
    let (TreeHead { size: first, root: old }, TreeHead { size: second, root: new }) = (earlier, later);
    if first == 0 || first >= second {
        return proof.is_empty() && (first == 0 || (first == second && old == new));
    }
    let mut steps = proof.iter().copied();
    let start = if first.is_power_of_two() { Some(old) } else { steps.next() };
    let Some(start) = start else { return false };
    let shift = (first - 1).trailing_ones();
    let (mut place, mut last) = ((first - 1) >> shift, (second - 1) >> shift);
    let (mut before, mut after) = (start, start);
    for step in steps {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            (before, after) = (node(&step, &before), node(&step, &after));
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            after = node(&after, &step);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    last == 0 && before == old && after == new
}

#[cfg(test)]
mod tests {
    use super::super::tree::join;
    use super::super::tree::tests::{definition, leaves};
    use super::*;

    fn head(size: u64, root: Hash) -> TreeHead {
        TreeHead { size, root }
    }

    fn nth(index: u64, leaf: Hash) -> IndexedLeaf {
        IndexedLeaf { index, leaf }
    }

    fn at(index: u64) -> usize {
        usize::try_from(index).expect("a small tree")
    }

    fn filled(spans: &[LeafSpan], leaves: &[Hash]) -> Vec<Hash> {
        spans.iter().map(|span| definition(&leaves[at(span.from)..at(span.to)])).collect()
    }

    /// RFC 6962 §2.1.1, word for word.
    fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return vec![];
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut path, other) = if index < left.len() {
            (path(index, left), right)
        } else {
            (path(index - left.len(), right), left)
        };
        path.push(definition(other));
        path
    }

    /// RFC 6962 §2.1.2, word for word.
    fn subproof(first: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        if first == leaves.len() {
            return if whole { vec![] } else { vec![definition(leaves)] };
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut proof, other) = if first <= left.len() {
            (subproof(first, left, whole), right)
        } else {
            (subproof(first - left.len(), right, false), left)
        };
        proof.push(definition(other));
        proof
    }

    #[test]
    fn every_event_of_every_tree_is_proven_to_be_in_it_and_nowhere_else() {
        let leaves = leaves(64);
        for size in 1..=64_u64 {
            let events = &leaves[..at(size)];
            let root = definition(events);
            for index in 0..size {
                let (leaf, proof) = (leaves[at(index)], filled(&inclusion(index, size), &leaves));
                assert_eq!(proof, path(at(index), events), "{index} in {size}");
                assert!(includes(&proof, nth(index, leaf), head(size, root)));
                assert!(!includes(&proof, nth(index, [7; 32]), head(size, root)));
                assert!(!includes(&proof, nth(index, leaf), head(size, [7; 32])));
                assert!(!includes(&proof, nth(size, leaf), head(size, root)));
                let longer = [proof.as_slice(), &[root]].concat();
                assert!(!includes(&longer, nth(index, leaf), head(size, root)));
                if let [shorter @ .., _] = proof.as_slice() {
                    assert!(!includes(shorter, nth(index, leaf), head(size, root)));
                    assert!(!includes(&proof, nth(index ^ 1, leaf), head(size, root)));
                }
            }
        }
    }

    #[test]
    fn every_tree_is_proven_to_be_the_beginning_of_every_larger_one() {
        let leaves = leaves(64);
        let root = |size| definition(&leaves[..at(size)]);
        for second in 1..=64_u64 {
            for first in 1..=second {
                let (old, new) = (head(first, root(first)), head(second, root(second)));
                let proof = filled(&consistency(first, second), &leaves);
                assert_eq!(proof, subproof(at(first), &leaves[..at(second)], true), "{first} in {second}");
                assert!(extends(&proof, old, new), "{first} in {second}");
                assert!(!extends(&proof, head(first, [7; 32]), new));
                assert!(!extends(&proof, old, head(second, [7; 32])));
                assert!(!extends(&[proof.as_slice(), &[root(1)]].concat(), old, new));
                if let [shorter @ .., _] = proof.as_slice() {
                    assert!(!extends(shorter, old, new));
                    assert!(!extends(&[&[[7; 32]], &proof[1..]].concat(), old, new));
                }
            }
        }
    }

    #[test]
    fn large_and_small_trees_up_to_300_as_well() {
        let leaves = leaves(300);
        for size in [256, 257, 300_u64] {
            let root = definition(&leaves[..at(size)]);
            for index in (0..size).step_by(7).chain(size - 3..size) {
                let proof = filled(&inclusion(index, size), &leaves);
                assert!(
                    includes(&proof, nth(index, leaves[at(index)]), head(size, root)),
                    "{index} in {size}"
                );
                let proof = filled(&consistency(index + 1, size), &leaves);
                let old = definition(&leaves[..=at(index)]);
                assert!(extends(&proof, head(index + 1, old), head(size, root)), "{index} in {size}");
            }
        }
    }

    #[test]
    fn everything_begins_with_nothing_and_nothing_ends_before_it_begins() {
        assert!(extends(&[], head(0, [7; 32]), head(5, [8; 32])));
        assert!(extends(&[], head(5, [7; 32]), head(5, [7; 32])));
        assert!(!extends(&[], head(5, [7; 32]), head(5, [8; 32])));
        assert!(!extends(&[], head(6, [7; 32]), head(5, [7; 32])));
        assert!(!extends(&[], head(3, [7; 32]), head(5, [7; 32])));
    }

    #[test]
    fn a_span_is_made_of_full_subtrees() {
        let leaves = leaves(300);
        for (from, to) in [(0, 300), (256, 300), (8, 13), (5, 6), (0, 0)] {
            let full = |(level, number): (u32, u64)| {
                definition(&leaves[at(number << level)..at((number + 1) << level)])
            };
            let subtrees = LeafSpan { from, to }.subtrees();
            assert_eq!(join(subtrees.into_iter().map(full)), definition(&leaves[at(from)..at(to)]));
        }
    }
}
