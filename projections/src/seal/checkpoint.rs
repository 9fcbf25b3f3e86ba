//! A checkpoint says that the first `size` events have this root. It is signed as text that people can read and other
//! tools understand.
//!
//! ```text
//! portal.example.com/log
//! 1234
//! qTzIq9q2dMZmzaR5BVg1qW1Wn5mVtFMf0rqJhbrXIZI=
//!
//! — portal.example.com/log 8QGnXw…
//! ```
//!
//! The text is that of <https://c2sp.org/tlog-checkpoint>. The key's name and the origin are one.
//!
//! **Invariant:** a [`SignedCheckpoint`] has the form of a checkpoint. Whose signature it bears only
//! [`PublicKey::signed`] says.

use std::io::{self, BufRead};
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::key::{BY, PublicKey, Signature, SigningKey, is_origin};
use super::proof::TreeHead;
use super::{Cosigner, Hash};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

/// A checkpoint with its signatures, not yet compared with any key: one at least, the log's own or that of a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    pub checkpoint: Checkpoint,
    pub(super) signatures: Vec<Signature>,
}

/// The most lines with signatures that a note may have. Lines after these are not part of it.
const MOST: usize = 64;

impl Checkpoint {
    /// The tree that it is of.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root }
    }

    /// The text that is signed.
    pub(super) fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root_text())
    }

    /// The root in base64.
    pub fn root_text(&self) -> String {
        BASE64_STANDARD.encode(self.root)
    }

    /// The size and root, by which a command names the checkpoint.
    pub fn named(&self) -> String {
        format!("{}:{}", self.size, self.root_text())
    }

    /// Reads a checkpoint from the name that a command gives.
    pub fn of(origin: &str, name: &str) -> Option<Self> {
        let (size, root) = name.split_once(':')?;
        Self::read(origin, size, root)
    }

    fn read(origin: &str, size: &str, root: &str) -> Option<Self> {
        let number: u64 = size.parse().ok()?;
        let root = BASE64_STANDARD.decode(root).ok()?.try_into().ok()?;
        let plain = number.to_string() == size && is_origin(origin);
        plain.then(|| Self { origin: origin.to_owned(), size: number, root })
    }
}

impl SignedCheckpoint {
    /// The whole note: the signed text and the signatures.
    pub fn text(&self) -> String {
        let signatures = self.signatures.iter().fold(String::new(), |text, line| format!("{text}{line}\n"));
        format!("{}\n{signatures}", self.checkpoint.text())
    }

    /// The name on the first signature, which is not checked here.
    pub fn by(&self) -> &str {
        self.signatures.first().map_or("", Signature::name)
    }

    /// The number of signatures besides the first. They are not checked here.
    pub fn cosignatures(&self) -> usize {
        self.signatures.len().saturating_sub(1)
    }

    /// Says whether this is the same checkpoint with the same first signature, and has a signature of everybody who signed
    /// the other. The times of witnesses may differ. The signatures are not checked here.
    pub fn has_all_of(&self, other: &Self) -> bool {
        let has = |line: &Signature| self.signatures.iter().any(|ours| ours.is_by_the_same(line));
        self.checkpoint == other.checkpoint
            && self.signatures.first() == other.signatures.first()
            && other.signatures.iter().all(has)
    }

    /// The same note with more signatures.
    #[must_use]
    pub fn with(mut self, more: impl IntoIterator<Item = Signature>) -> Self {
        for signature in more {
            if !self.signatures.contains(&signature) && self.signatures.len() < MOST {
                self.signatures.push(signature);
            }
        }
        self
    }

    /// Reads every checkpoint of a file. Anything else is skipped: the file may break off in the middle of a checkpoint and
    /// go on with the next one.
    pub fn each(file: impl BufRead, mut take: impl FnMut(Self)) -> io::Result<()> {
        Self::each_at(file, |_, signed| take(signed))
    }

    /// Like [`Self::each`], also giving the number of bytes before each checkpoint. A line without an end was cut off.
    pub fn each_at(mut file: impl BufRead, mut take: impl FnMut(u64, Self)) -> io::Result<()> {
        let mut reader = NoteReader::default();
        let (mut line, mut at) = (vec![], 0);
        loop {
            line.clear();
            let length = file.read_until(b'\n', &mut line)?;
            // A line that was cut off in the middle of a character is not valid text, and can't be part of a checkpoint.
            let text = String::from_utf8_lossy(&line);
            let whole = text.strip_suffix('\n').unwrap_or_default();
            if let Some((place, signed)) = reader.take(at, whole) {
                take(place, signed);
            }
            if length == 0 {
                return Ok(());
            }
            at += u64::try_from(length).unwrap_or(0);
        }
    }
}

/// Collects notes from lines, one at a time.
#[derive(Default)]
struct NoteReader {
    /// The last lines that are no signatures, with the bytes before each.
    before: [(u64, String); 4],
    note: Option<(u64, SignedCheckpoint)>,
}

impl NoteReader {
    /// Returns the note that ends before this line, if one does. An empty line or the end of the file ends a note.
    fn take(&mut self, at: u64, line: &str) -> Option<(u64, SignedCheckpoint)> {
        if !line.starts_with(BY) {
            self.before.rotate_left(1);
            self.before[3] = (at, line.to_owned());
            return self.note.take();
        }
        let signature: Signature = line.parse().ok()?;
        self.note = match self.note.take() {
            Some((place, note)) => Some((place, note.with([signature]))),
            None => self.checkpoint().map(|(place, checkpoint)| {
                (place, SignedCheckpoint { checkpoint, signatures: vec![signature] })
            }),
        };
        None
    }

    /// The checkpoint in the lines before the first signature.
    fn checkpoint(&self) -> Option<(u64, Checkpoint)> {
        let [origin, size, root, blank] = self.before.each_ref().map(|(_, line)| line.as_str());
        let checkpoint = Checkpoint::read(origin, size, root).filter(|_| blank.is_empty())?;
        Some((self.before[0].0, checkpoint))
    }
}

impl FromStr for SignedCheckpoint {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut found = None;
        Self::each(text.as_bytes(), |signed| found = found.take().or(Some(signed))).map_err(drop)?;
        found.ok_or(())
    }
}

impl SigningKey {
    /// Signs a checkpoint of this key's log.
    pub fn sign(&self, size: u64, root: Hash) -> SignedCheckpoint {
        let checkpoint = Checkpoint { origin: self.origin().to_owned(), size, root };
        let signatures = vec![self.sign_text(&checkpoint.text())];
        SignedCheckpoint { checkpoint, signatures }
    }
}

impl Cosigner {
    /// A note of the checkpoint with only this witness's cosignature.
    pub fn alone(&self, checkpoint: Checkpoint, at: u64) -> SignedCheckpoint {
        let signatures = vec![self.cosign(&checkpoint, at)];
        SignedCheckpoint { checkpoint, signatures }
    }
}

impl PublicKey {
    /// The same note with only this key's own signature; none if that is missing or does not fit.
    pub fn alone(&self, signed: &SignedCheckpoint) -> Option<SignedCheckpoint> {
        let (checkpoint, text) = (signed.checkpoint.clone(), signed.checkpoint.text());
        let own = signed.signatures.iter().find(|line| self.signed_text(&text, line) == Some(true));
        let own = own.filter(|_| checkpoint.origin == self.origin())?;
        Some(SignedCheckpoint { checkpoint, signatures: vec![own.clone()] })
    }

    /// Checks this key's signature: none if there is none, and false if it does not fit or the checkpoint is of another log.
    pub fn signed(&self, signed: &SignedCheckpoint) -> Option<bool> {
        let text = signed.checkpoint.text();
        let own: Vec<bool> =
            signed.signatures.iter().filter_map(|line| self.signed_text(&text, line)).collect();
        let holds = own.iter().all(|holds| *holds) && signed.checkpoint.origin == self.origin();
        (!own.is_empty()).then_some(holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::new("portal.example.com/log", &[7; 32]).expect("a plain origin")
    }

    #[test]
    fn a_checkpoint_is_a_note_of_five_lines() {
        let text = key().sign(1234, [9; 32]).text();
        let lines: Vec<&str> = text.lines().collect();
        let root = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=";
        assert_eq!(lines[..4], ["portal.example.com/log", "1234", root, ""]);
        assert!(lines[4].starts_with("— portal.example.com/log ") && lines.len() == 5);
        let read: SignedCheckpoint = text.parse().expect("it was written");
        assert_eq!((read.text(), key().public().signed(&read)), (text, Some(true)));
    }

    #[test]
    fn a_changed_checkpoint_bears_no_signature() {
        let signed = key().sign(1234, [9; 32]);
        let text = signed.text();
        for (from, to) in [("1234", "1235"), ("CQkJ", "CQkK"), ("com/log\n1", "com/lag\n1")] {
            let changed: SignedCheckpoint = text.replacen(from, to, 1).parse().expect("still a note");
            assert_eq!(key().public().signed(&changed), Some(false), "{from}");
        }
        let other = SigningKey::new("portal.example.com/log", &[8; 32]).expect("a plain origin");
        assert_eq!(other.public().signed(&signed), None);
    }

    #[test]
    fn a_file_has_many_and_may_be_torn() {
        let (one, two) = (key().sign(1, [1; 32]), key().sign(2, [2; 32]));
        let torn = one.text().replace("\n—", "\n\n—");
        let in_a_letter = two.text().find('—').expect("it is signed") + 1;
        let mut file = format!("{}\n{}\n{torn}", one.text(), two.text()).into_bytes();
        file.extend(&two.text().as_bytes()[..in_a_letter]);
        file.push(b'\n');
        let places = [0, one.text().len() + 1, file.len()].map(|place| u64::try_from(place).expect("short"));
        file.extend(two.text().as_bytes());
        let mut found = vec![];
        SignedCheckpoint::each_at(file.as_slice(), |at, signed| found.push((at, signed)))
            .expect("it can be read");
        assert_eq!(found, [(places[0], one), (places[1], two.clone()), (places[2], two)]);
    }
}
