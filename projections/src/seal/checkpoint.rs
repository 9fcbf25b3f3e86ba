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
//! The text is that of <https://c2sp.org/tlog-checkpoint>, the signature (Ed25519) and the keys' own text those of
//! <https://c2sp.org/signed-note>. The key's name and the origin are one.
//!
//! **Invariant:** a [`Signed`] has the form of a checkpoint. Whose signature it bears only [`PublicKey::signed`] says.

use std::io::{self, BufRead};
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use sha2::{Digest, Sha256};

use super::Hash;

/// Ed25519, among the kinds of keys that notes know.
const ED25519: u8 = 1;

/// What a private key's text begins with.
const PRIVATE: &str = "PRIVATE+KEY+";

/// What a line with a signature begins with.
const BY: &str = "— ";

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
    name: String,
    key_id: [u8; 4],
    signature: [u8; 64],
}

/// Signs checkpoints of one origin.
pub struct SigningKey {
    origin: String,
    key: ed25519_dalek::SigningKey,
}

/// Tells whether a [`SigningKey`] signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    origin: String,
    key: VerifyingKey,
}

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("an origin is a name without spaces and without +, like portal.example.com/log")]
    Origin,
    #[error("this is not the private key that `portal keys` writes")]
    Private,
    #[error("this is not the public key that `portal keys` prints: ORIGIN+ID+KEY, on one line")]
    Public,
}

impl Checkpoint {
    /// What is signed.
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64_STANDARD.encode(self.root))
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
        let signature = [self.key_id.as_slice(), &self.signature].concat();
        let signature = BASE64_STANDARD.encode(signature);
        format!("{}\n{BY}{} {signature}\n", self.checkpoint.text(), self.name)
    }

    /// Every checkpoint of a file, once for each of its signatures. Whatever is none is passed over: the file may end
    /// in the middle of one, and begin again behind it.
    pub fn each(file: impl BufRead, mut take: impl FnMut(Self)) -> io::Result<()> {
        let mut before: [String; 4] = Default::default();
        for line in file.lines() {
            let line = line?;
            if let Some(signature) = line.strip_prefix(BY) {
                Self::read(&before, signature).into_iter().for_each(&mut take);
            } else {
                before.rotate_left(1);
                before[3] = line;
            }
        }
        Ok(())
    }

    fn read([origin, size, root, blank]: &[String; 4], signature: &str) -> Option<Self> {
        let checkpoint = Checkpoint::read(origin, size, root).filter(|_| blank.is_empty())?;
        let (name, signature) = signature.split_once(' ')?;
        let signature = BASE64_STANDARD.decode(signature).ok()?;
        let (key_id, signature) = signature.split_first_chunk()?;
        Some(Self {
            checkpoint,
            name: name.to_owned(),
            key_id: *key_id,
            signature: signature.try_into().ok()?,
        })
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
    /// From 32 bytes that nobody can guess.
    pub fn new(origin: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        if !is_origin(origin) {
            return Err(KeyError::Origin);
        }
        Ok(Self { origin: origin.to_owned(), key: ed25519_dalek::SigningKey::from_bytes(seed) })
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn public(&self) -> PublicKey {
        PublicKey { origin: self.origin.clone(), key: self.key.verifying_key() }
    }

    pub fn sign(&self, size: u64, root: Hash) -> Signed {
        let checkpoint = Checkpoint { origin: self.origin.clone(), size, root };
        let signature = self.key.sign(checkpoint.text().as_bytes()).to_bytes();
        Signed { checkpoint, name: self.origin.clone(), key_id: self.public().id(), signature }
    }

    /// For a file that nobody else reads.
    pub fn text(&self) -> String {
        let public = self.public();
        format!("{PRIVATE}{}+{}+{}", self.origin, hex::encode(public.id()), key_text(self.key.as_bytes()))
    }
}

impl FromStr for SigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let rest = text.trim().strip_prefix(PRIVATE).ok_or(KeyError::Private)?;
        let (origin, id, seed) = parts(rest).ok_or(KeyError::Private)?;
        let key = Self::new(origin, &seed)?;
        if key.public().id() == id { Ok(key) } else { Err(KeyError::Private) }
    }
}

impl PublicKey {
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What was signed with its private half; none if that did not sign it, and false if it claims so wrongly.
    pub fn signed(&self, signed: &Signed) -> Option<bool> {
        if signed.name != self.origin || signed.key_id != self.id() {
            return None;
        }
        let text = signed.checkpoint.text();
        let signature = Signature::from_bytes(&signed.signature);
        let holds = self.key.verify_strict(text.as_bytes(), &signature).is_ok();
        Some(holds && signed.checkpoint.origin == self.origin)
    }

    fn id(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(&self.origin)
            .chain_update([b'\n', ED25519])
            .chain_update(self.key.as_bytes())
            .finalize();
        *hash.first_chunk().expect("a hash has more than four bytes")
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}+{}+{}", self.origin, hex::encode(self.id()), key_text(self.key.as_bytes()))
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (origin, id, key) = parts(text.trim()).ok_or(KeyError::Public)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_not_a_point| KeyError::Public)?;
        let public = Self { origin: origin.to_owned(), key };
        if is_origin(origin) && public.id() == id { Ok(public) } else { Err(KeyError::Public) }
    }
}

fn is_origin(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control())
}

fn key_text(key: &[u8; 32]) -> String {
    BASE64_STANDARD.encode([&[ED25519], key.as_slice()].concat())
}

/// Origin, id and key. The key's text may have a + itself, and the origin has none.
fn parts(text: &str) -> Option<(&str, [u8; 4], [u8; 32])> {
    let (origin, rest) = text.split_once('+')?;
    let (id, key) = rest.split_once('+')?;
    let id = hex::decode(id).ok()?.try_into().ok()?;
    let key = BASE64_STANDARD.decode(key).ok()?;
    let key = key.strip_prefix(&[ED25519])?.try_into().ok()?;
    Some((origin, id, key))
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
    fn a_key_of_somebody_elses_tool_is_read_and_signs_as_it_did() {
        // The example of the Go package golang.org/x/mod/sumdb/note.
        let private = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
        let public = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key: SigningKey = private.parse().expect("a key");
        assert_eq!((key.public().to_string().as_str(), key.text().as_str()), (public, private));
        assert_eq!(public.parse(), Ok(key.public()));
        let said = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let signature = [key.public().id().as_slice(), &key.key.sign(said.as_bytes()).to_bytes()].concat();
        let expected =
            "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        assert_eq!(BASE64_STANDARD.encode(signature), expected);
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
        let cut: String = two.text().chars().take(60).collect();
        let file = format!("{}\n{}\n{torn}{cut}\n{}", one.text(), two.text(), two.text());
        let mut found = vec![];
        Signed::each(file.as_bytes(), |signed| found.push(signed)).expect("it is text");
        assert_eq!(found, [one, two.clone(), two]);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let (private, public) = (key().text(), key().public().to_string());
        assert!(private.parse::<SigningKey>().is_ok() && public.parse::<PublicKey>().is_ok());
        for wrong in ["", "a+b", &public.replace("com", "org"), &public[..public.len() - 4], &private] {
            assert_eq!(wrong.parse::<PublicKey>(), Err(KeyError::Public), "{wrong}");
        }
        assert!(private.replace("com", "org").parse::<SigningKey>().is_err());
        assert!(public.parse::<SigningKey>().is_err());
        for origin in ["", "a b", "a+b", "a\nb"] {
            assert!(SigningKey::new(origin, &[7; 32]).is_err(), "{origin}");
        }
    }
}
