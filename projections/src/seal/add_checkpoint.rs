//! The request to a witness for a cosignature, and the rule by which it may cosign.
//!
//! ```text
//! old 1000                     so many events the witness saw last, as far as whoever asks knows
//! qTzIq9q2dMZmzaR5BVg1qW1…     that the new tree begins with those, hash by hash
//!
//! portal.example.com/log       the checkpoint, signed
//! 1234
//! …
//! ```
//!
//! The text is that of <https://c2sp.org/tlog-witness>.
//!
//! **Invariant:** what [`AddCheckpoint::follows`] allows holds every event that the witness saw.

use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::error::SealError;
use super::proof::{TreeHead, consistency, extends};
use super::{Checkpoint, Hash, SignedCheckpoint, nodes, tree};
use crate::db::Db;

/// The path of the request, after the witness's URL.
pub const ADD_CHECKPOINT: &str = "/add-checkpoint";

/// The content type of an answer that says how many events were cosigned last.
pub const SIZE: &str = "text/x.tlog.size";

/// A checkpoint for a witness to add to what it saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    pub old: u64,
    pub proof: Vec<Hash>,
    pub signed: SignedCheckpoint,
}

/// The most hashes that a proof may have.
const MOST: usize = 63;

/// Why a witness does not cosign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CosignRefusal {
    #[error("this checkpoint is of fewer events than the old size")]
    Backwards,
    #[error("the last checkpoint that was cosigned is of {0} events")]
    Stale(u64),
    #[error("another checkpoint of as many events was cosigned, with another root")]
    OtherRoot,
    #[error("it is not proven that these events begin with those of the last checkpoint that was cosigned")]
    NotProven,
}

impl AddCheckpoint {
    /// Makes the request for a checkpoint of this log, to a witness that last saw `old` events.
    pub async fn of(db: &Db, old: u64, signed: SignedCheckpoint) -> Result<Self, SealError> {
        let proof = nodes::roots(db, &consistency(old, signed.checkpoint.size)).await?;
        let proof = proof.ok_or(SealError::Other { signed: signed.checkpoint.size })?;
        Ok(Self { old, proof, signed })
    }

    pub fn text(&self) -> String {
        let proof =
            self.proof.iter().fold(String::new(), |text, hash| text + &BASE64_STANDARD.encode(hash) + "\n");
        format!("old {}\n{proof}\n{}", self.old, self.signed.text())
    }

    /// Checks whether a witness that saw `latest` last may cosign this.
    pub fn follows(&self, latest: &Checkpoint) -> Result<(), CosignRefusal> {
        let head = self.signed.checkpoint.head();
        let TreeHead { size, root } = head;
        if self.old > size {
            Err(CosignRefusal::Backwards)
        } else if self.old != latest.size {
            Err(CosignRefusal::Stale(latest.size))
        } else if self.old == size && root != latest.root {
            Err(CosignRefusal::OtherRoot)
        } else if extends(&self.proof, latest.head(), head) && (size > 0 || root == tree::empty()) {
            Ok(())
        } else {
            Err(CosignRefusal::NotProven)
        }
    }
}

impl FromStr for AddCheckpoint {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (head, note) = text.split_once("\n\n").ok_or(())?;
        let mut lines = head.split('\n');
        let number = lines.next().and_then(|line| line.strip_prefix("old ")).ok_or(())?;
        let old: u64 = number.parse().map_err(drop)?;
        let proof: Option<Vec<Hash>> =
            lines.map(|line| BASE64_STANDARD.decode(line).ok()?.try_into().ok()).collect();
        let proof = proof.filter(|proof| proof.len() <= MOST).ok_or(())?;
        let signed: SignedCheckpoint = note.parse()?;
        let is_plain = old.to_string() == number && signed.text() == note;
        if is_plain { Ok(Self { old, proof, signed }) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SigningKey;
    use super::super::tree::tests::{definition, leaves};
    use super::*;

    fn key() -> SigningKey {
        SigningKey::new("portal.example.com/log", &[7; 32]).expect("a plain origin")
    }

    fn at(size: u64) -> Checkpoint {
        let leaves = leaves(8);
        let size_of = usize::try_from(size).expect("a small tree");
        Checkpoint { origin: key().origin().to_owned(), size, root: definition(&leaves[..size_of]) }
    }

    fn asked(old: u64, size: u64) -> AddCheckpoint {
        let leaves = leaves(8);
        let place = |at: u64| usize::try_from(at).expect("a small tree");
        let spans = consistency(old, size).into_iter();
        let proof = spans.map(|span| definition(&leaves[place(span.from)..place(span.to)])).collect();
        AddCheckpoint { old, proof, signed: key().sign(size, at(size).root) }
    }

    #[test]
    fn it_is_written_and_read_as_the_format_says() {
        for (old, size) in [(0, 0), (0, 5), (3, 7), (7, 7), (4, 8)] {
            let request = asked(old, size);
            assert_eq!(request.text().parse(), Ok(request));
        }
        let text = asked(3, 7).text();
        for crooked in [
            "",
            "old 3",
            &text.replacen("old 3", "old 03", 1),
            &text.replacen("old 3", "old +3", 1),
            &text.replacen("old 3", "new 3", 1),
            &text.replacen("old 3\n", "old 3\n\n", 1),
            &text.replacen("old 3\n", "old 3\nAAAA\n", 1),
            &text.replacen(
                "old 3\n",
                &format!("old 3\n{}", format!("{}\n", BASE64_STANDARD.encode([1; 32])).repeat(64)),
                1,
            ),
            &text.replace('\n', "\r\n"),
            text.trim_end(),
            &format!("{text}and more\n"),
        ] {
            assert_eq!(crooked.parse::<AddCheckpoint>(), Err(()), "{crooked}");
        }
    }

    #[test]
    fn a_witness_cosigns_what_holds_everything_that_it_saw() {
        for (old, size) in [(0, 0), (0, 1), (0, 8), (3, 7), (4, 8), (7, 7)] {
            assert_eq!(asked(old, size).follows(&at(old)), Ok(()), "{old} {size}");
        }
        let other = |size| Checkpoint { root: [1; 32], ..at(size) };
        let wrong_root = |mut request: AddCheckpoint| {
            request.signed = key().sign(request.signed.checkpoint.size, [1; 32]);
            request
        };
        let longer = |mut request: AddCheckpoint| {
            request.proof.push([1; 32]);
            request
        };
        for (request, latest, refusal) in [
            (asked(0, 7), at(3), CosignRefusal::Stale(3)),
            (asked(3, 7), at(0), CosignRefusal::Stale(0)),
            (asked(3, 7), at(8), CosignRefusal::Stale(8)),
            (asked(3, 7), other(3), CosignRefusal::NotProven),
            (asked(7, 7), other(7), CosignRefusal::OtherRoot),
            (wrong_root(asked(7, 7)), at(7), CosignRefusal::OtherRoot),
            (wrong_root(asked(3, 7)), at(3), CosignRefusal::NotProven),
            (wrong_root(asked(0, 0)), other(0), CosignRefusal::NotProven),
            (longer(asked(3, 7)), at(3), CosignRefusal::NotProven),
            (longer(asked(0, 7)), at(0), CosignRefusal::NotProven),
            (AddCheckpoint { old: 8, ..asked(3, 7) }, at(8), CosignRefusal::Backwards),
        ] {
            assert_eq!(request.follows(&latest), Err(refusal), "{request:?}");
        }
    }
}
