//! A checkpoint: so many events have this root. Signed as text that people can read and other tools understand.
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
//! **Invariant:** a [`Signed`] has the form of a checkpoint. Whose signature it bears only [`PublicKey::signed`] says.

use std::io::{self, BufRead};
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::Hash;
use super::key::{BY, PublicKey, Signature, SigningKey, is_origin};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is of.
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

/// A checkpoint with one signature, not yet compared with any key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub checkpoint: Checkpoint,
    signature: Signature,
}

impl Checkpoint {
    /// What is signed.
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root_text())
    }

    /// The root in base64.
    pub fn root_text(&self) -> String {
        BASE64_STANDARD.encode(self.root)
    }

    /// Its size and root, by which an order names it.
    pub fn named(&self) -> String {
        format!("{}:{}", self.size, self.root_text())
    }

    /// The one that an order names.
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

impl Signed {
    /// The whole note.
    pub fn text(&self) -> String {
        format!("{}\n{}\n", self.checkpoint.text(), self.signature)
    }

    /// Who says that they signed it.
    pub fn by(&self) -> &str {
        self.signature.name()
    }

    /// Every checkpoint of a file, once for each of its signatures. Whatever is none is passed over: the file may end
    /// in the middle of one, and begin again behind it.
    pub fn each(file: impl BufRead, mut take: impl FnMut(Self)) -> io::Result<()> {
        Self::each_at(file, |_, signed| take(signed))
    }

    /// The same, with the number of bytes before it.
    pub fn each_at(mut file: impl BufRead, mut take: impl FnMut(u64, Self)) -> io::Result<()> {
        let mut before: [(u64, String); 4] = Default::default();
        let (mut line, mut at) = (vec![], 0);
        loop {
            line.clear();
            let length = file.read_until(b'\n', &mut line)?;
            if length == 0 {
                return Ok(());
            }
            // What was cut off in the middle of a letter is no text, and none of this.
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']);
            if text.starts_with(BY) {
                if let Some(signed) = text.parse().ok().and_then(|signature| Self::read(&before, signature)) {
                    take(before[0].0, signed);
                }
            } else {
                before.rotate_left(1);
                before[3] = (at, text.to_owned());
            }
            at += u64::try_from(length).unwrap_or(0);
        }
    }

    fn read(lines: &[(u64, String); 4], signature: Signature) -> Option<Self> {
        let [origin, size, root, blank] = lines.each_ref().map(|(_, line)| line.as_str());
        let checkpoint = Checkpoint::read(origin, size, root).filter(|_| blank.is_empty())?;
        Some(Self { checkpoint, signature })
    }
}

impl FromStr for Signed {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut found = None;
        Self::each(text.as_bytes(), |signed| found = found.take().or(Some(signed))).map_err(drop)?;
        found.ok_or(())
    }
}

impl SigningKey {
    /// A checkpoint of this key's log.
    pub fn sign(&self, size: u64, root: Hash) -> Signed {
        let checkpoint = Checkpoint { origin: self.origin().to_owned(), size, root };
        let signature = self.sign_text(&checkpoint.text());
        Signed { checkpoint, signature }
    }
}

impl PublicKey {
    /// What was signed with its private half; none if that did not sign it, and false if it claims so wrongly.
    pub fn signed(&self, signed: &Signed) -> Option<bool> {
        let holds = self.signed_text(&signed.checkpoint.text(), &signed.signature)?;
        Some(holds && signed.checkpoint.origin == self.origin())
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
        let read: Signed = text.parse().expect("it was written");
        assert_eq!((read.text(), key().public().signed(&read)), (text, Some(true)));
    }

    #[test]
    fn a_changed_checkpoint_bears_no_signature() {
        let signed = key().sign(1234, [9; 32]);
        let text = signed.text();
        for (from, to) in [("1234", "1235"), ("CQkJ", "CQkK"), ("com/log\n1", "com/lag\n1")] {
            let changed: Signed = text.replacen(from, to, 1).parse().expect("still a note");
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
        Signed::each_at(file.as_slice(), |at, signed| found.push((at, signed))).expect("it can be read");
        assert_eq!(found, [(places[0], one), (places[1], two.clone()), (places[2], two)]);
    }
}
