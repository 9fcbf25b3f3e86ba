//! Compares a log with what was signed: its leaves go into a Merkle tree, whose root is compared at each signed size.
//!
//! **Invariant:** where nothing is found, the log begins with exactly the events of which each checkpoint was signed.

use std::collections::VecDeque;

use super::nodes::{self, KeptNode};
use super::standing::{StoredTree, states};
use super::tree::{Node, Tree};
use super::{Checkpoint, Hash, PublicKey, SignedCheckpoint, position, size, step};
use crate::db::Db;
use crate::projector::Finding;
use crate::transfer;

/// Compares the tree with the checkpoints while leaves are added.
#[derive(Debug)]
pub struct Comparison {
    tree: Tree,
    /// The position of the last leaf that the log has.
    stands: u64,
    /// True once a leaf is missing or can't be read: nothing after it can be compared. Its reader has reported it.
    is_lost: bool,
    /// The checkpoints that are still to be compared, smallest first.
    due: VecDeque<Checkpoint>,
    /// The largest size at which the log agreed with a signed checkpoint.
    agreed: u64,
    finding: Option<Finding>,
    /// Set if the database says that it is a copy of another log up to this position.
    copied: Option<i64>,
    stored: StoredTrees,
}

/// The states of the tree that the database keeps.
#[derive(Debug, Default)]
struct StoredTrees {
    states: Vec<StoredTree>,
    /// The key that should have signed them.
    key: Option<PublicKey>,
    /// The first difference found.
    finding: Option<Finding>,
}

impl Comparison {
    pub fn new(mut checkpoints: Vec<Checkpoint>) -> Self {
        checkpoints.sort_by_key(|checkpoint| checkpoint.size);
        let mut comparison = Self {
            tree: Tree::default(),
            stands: 0,
            is_lost: false,
            due: checkpoints.into(),
            agreed: 0,
            finding: None,
            copied: None,
            stored: StoredTrees::default(),
        };
        comparison.compare();
        comparison
    }

    /// Takes the next event's hash.
    pub fn take(&mut self, leaf: Hash) {
        self.take_and(leaf, |_| ());
        if self.is_lost {
            return;
        }
        if self.stored.finding.is_none() {
            self.stored.finding = self.stored.states.iter().find_map(|state| differs(state, &self.tree));
        }
    }

    fn take_and(&mut self, leaf: Hash, kept: impl FnMut(Node)) {
        self.stands += 1;
        if !self.is_lost {
            self.tree.push(leaf, kept);
            self.compare();
        }
    }

    /// The position of the event that comes next, if none is missing.
    pub(crate) fn next(&self) -> i64 {
        position(self.stands + 1)
    }

    /// Stops the comparison at this position: its event has no hash, or one before it is missing.
    pub(crate) fn lose(&mut self, position: i64) {
        (self.stands, self.is_lost) = (size(position), true);
    }

    /// The number of events that were signed: the log must have at least this many.
    pub(crate) fn due(&self) -> i64 {
        let kept = self.stored.states.iter().map(|state| state.size).max().unwrap_or(0);
        position(self.due.back().map_or(self.agreed, |checkpoint| checkpoint.size)).max(kept)
    }

    /// A checkpoint of all leaves so far; none before the first event, or if any difference was found.
    pub(crate) fn saw(&self) -> Option<Checkpoint> {
        let (size, root) = (self.tree.size(), self.tree.root());
        let is_as_it_was = !self.is_lost && self.finding.is_none() && self.due.is_empty();
        (size > 0 && is_as_it_was).then(|| Checkpoint { origin: String::new(), size, root })
    }

    /// Drops the checkpoints of more than `end` events; returns how many events the log lacks for the largest of them.
    pub(crate) fn only_up_to(&mut self, end: i64) -> i64 {
        let due = self.due();
        self.due.retain(|checkpoint| checkpoint.size <= size(end));
        self.stored.states.retain(|state| state.size <= end);
        (due - end).max(0)
    }

    /// The number of events that were signed and still are what was signed.
    pub fn agreed(&self) -> i64 {
        position(self.agreed)
    }

    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The finding after the last leaf, if there is any.
    pub fn finding(self) -> Option<Finding> {
        let (stands, last) = (self.stands, self.due.back());
        let missing = last.filter(|last| last.size > stands).map(|Checkpoint { origin, size, .. }| {
            let known = if origin.is_empty() {
                format!("{size} events were there when this was looked at before")
            } else {
                format!("of {size} events a checkpoint was signed")
            };
            let why = match self.copied {
                Some(up_to) => format!(
                    "This database says that it is a copy of another log up to #{up_to}, made to look around in: verify it \
                     without what was signed of the other one"
                ),
                None => "Later ones were removed, or this is a restore of an earlier moment (docs/PROOF.md says what to do then)"
                    .to_owned(),
            };
            let what = format!("is missing: {known}. {why}");
            Finding::Event { position: position(stands + 1), what }
        });
        let is_no_copy = self.copied.filter(|up_to| position(self.agreed) > *up_to || *up_to > position(stands)).map(|up_to| {
            let what = format!(
                "it says that this is a copy of another log up to #{up_to}, and {} events here are what was signed",
                self.agreed
            );
            Finding::Table { table: "copied", what }
        });
        let StoredTrees { states, key, finding: differs } = self.stored;
        let damaged = states.iter().find_map(|state| damaged(state, stands, key.as_ref()));
        self.finding.or(missing).or(differs).or(damaged).or(is_no_copy)
    }

    fn compare(&mut self) {
        let (size, mut due) = (self.tree.size(), vec![]);
        while let Some(checkpoint) = self.due.pop_front_if(|due| due.size == size) {
            due.push(checkpoint);
        }
        if due.is_empty() || self.finding.is_some() {
            return;
        }
        let root = self.tree.root();
        let (same, others): (Vec<_>, Vec<_>) = due.iter().partition(|checkpoint| checkpoint.root == root);
        let is_signed = same.iter().any(|checkpoint| !checkpoint.origin.is_empty());
        if !others.is_empty() {
            self.finding = Some(if same.is_empty() { self.is_other(size) } else { signed_twice(size) });
        }
        if is_signed {
            self.agreed = size;
        }
    }

    fn is_other(&self, size: u64) -> Finding {
        let what = format!(
            "here or behind it, up to #{size}, the log is not what was signed when it had {size} events"
        );
        Finding::Event { position: position(self.agreed + 1), what }
    }
}

fn signed_twice(size: u64) -> Finding {
    let what = format!(
        "two different roots were signed for {size} events, this log's and another's: the database was rewound, or \
         changed, and went on differently"
    );
    Finding::Event { position: position(size), what }
}

/// The most leaves that are read at a time.
const BATCH: i64 = 1 << 16;

/// The checkpoints that were signed of a log, and the states of its tree that the database keeps.
///
/// Read these before the log: a checkpoint that is signed later may be of events that were not read, which would then seem
/// to be missing.
#[derive(Debug)]
pub struct Attested {
    states: Vec<StoredTree>,
    checkpoints: Vec<Checkpoint>,
    key: Option<PublicKey>,
    copied: Option<i64>,
}

impl Attested {
    /// Collects these checkpoints and the stored ones. With a key, only those that it signed count, and the checkpoints that
    /// other processes found this log to contradict are added.
    pub async fn read(
        db: &Db,
        mut checkpoints: Vec<Checkpoint>,
        key: Option<PublicKey>,
    ) -> Result<Self, sqlx::Error> {
        let states = states(db).await?;
        let is_signed = |signed: &SignedCheckpoint| {
            let key = key.as_ref().filter(|key| key.origin() == signed.checkpoint.origin);
            key.is_none_or(|key| key.signed(signed) == Some(true))
        };
        let noted = states.iter().filter_map(|state| state.signed().filter(is_signed));
        checkpoints.extend(noted.map(|signed| signed.checkpoint));
        if let Some(key) = &key {
            let told = step::contradicted(db, key.origin()).await?.into_iter();
            let signed = told.filter(|told| key.signed(told) == Some(true));
            checkpoints.extend(signed.map(|told| told.checkpoint));
        }
        let copied = transfer::copied(db).await?;
        Ok(Self { states, checkpoints, key, copied })
    }

    /// Makes a comparison with all of this.
    pub(crate) fn comparison(self) -> Comparison {
        let Self { states, checkpoints, key, copied } = self;
        let stored = StoredTrees { states, key, finding: None };
        Comparison { copied, stored, ..Comparison::new(checkpoints) }
    }

    /// Compares the log up to a position with all of this. Each leaf must have been compared with its event before. Returns
    /// how many events are what was signed.
    pub async fn compare(self, db: &Db, up_to: i64) -> Result<(i64, Vec<Finding>), sqlx::Error> {
        let Self { states, checkpoints, key, copied } = self;
        let mut comparison = Comparison { copied, ..Comparison::new(checkpoints) };
        let sealed = states.first().map_or(0, |state| state.size);
        let (mut findings, mut done) = (vec![], 0);
        while done < up_to {
            let mut made = vec![];
            let leaves = nodes::leaves(db, done, up_to, BATCH).await?;
            let is_last = i64::try_from(leaves.len()).is_ok_and(|number| number < BATCH);
            let end = leaves.last().filter(|_| !is_last).map_or(up_to, |(position, _)| *position);
            for (position, leaf) in leaves {
                let leaf = leaf.filter(|_| comparison.next() == position);
                match leaf.and_then(|leaf| leaf.try_into().ok()) {
                    Some(leaf) => comparison.take_and(leaf, |node| made.push(KeptNode::of(node))),
                    None => comparison.lose(position),
                }
                if !comparison.is_lost {
                    findings.extend(states.iter().filter_map(|state| differs(state, comparison.tree())));
                }
            }
            if !comparison.is_lost {
                findings.extend(nodes::difference(db, done, end.min(sealed), made).await?);
            }
            done = end;
        }
        let agreed = comparison.agreed();
        let short = comparison.stands;
        findings.extend(states.iter().filter_map(|state| damaged(state, short, key.as_ref())));
        findings.splice(0..0, comparison.finding());
        Ok((agreed, findings))
    }
}

/// Checks whether the kept state of this size differs from the tree.
fn differs(state: &StoredTree, tree: &Tree) -> Option<Finding> {
    let differs = size(state.size) == tree.size() && state.nodes != tree.bytes();
    differs.then(|| {
        let what = format!("what is kept for {} is not the tree of {} events", state.origin, state.size);
        Finding::Table { table: "seal", what }
    })
}

/// Checks whether the kept state is ahead of the log, or its checkpoint was not signed.
fn damaged(state: &StoredTree, stands: u64, key: Option<&PublicKey>) -> Option<Finding> {
    let key = key.filter(|key| key.origin() == state.origin);
    let is_signed = |signed: SignedCheckpoint| key.is_none_or(|key| key.signed(&signed) == Some(true));
    let what = if size(state.size) > stands {
        format!("{} was sealed up to #{}, and the log ends at #{stands}", state.origin, state.size)
    } else if state.checkpoint.is_some() && !state.signed().is_some_and(is_signed) {
        format!("what is kept as the checkpoint of {} was not signed by it", state.origin)
    } else {
        return None;
    };
    Some(Finding::Table { table: "seal", what })
}
