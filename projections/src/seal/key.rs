//! The keys of a log, and what they sign: notes, text with a line for each signature below it.
//!
//! The text of keys and signatures (Ed25519) is that of <https://c2sp.org/signed-note>.
//!
//! **Invariant:** what a key signs begins with a line that says what it is: the origin itself for a checkpoint, another
//! for anything else. So one can't be taken for the other.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signer, VerifyingKey};
use sha2::{Digest, Sha256};

/// Ed25519, among the kinds of keys that notes know.
const ED25519: u8 = 1;

/// What a private key's text begins with.
const PRIVATE: &str = "PRIVATE+KEY+";

/// What a line with a signature begins with.
pub(super) const BY: &str = "— ";

/// Signs for one origin.
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

/// A line below a text: who says that they signed it, not yet compared with any key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    name: String,
    key_id: [u8; 4],
    bytes: [u8; 64],
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

    pub(super) fn sign_text(&self, text: &str) -> Signature {
        let bytes = self.key.sign(text.as_bytes()).to_bytes();
        Signature { name: self.origin.clone(), key_id: self.public().id(), bytes }
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

    /// Whether its private half signed this text; none if the signature is not its own.
    pub(super) fn signed_text(&self, text: &str, signature: &Signature) -> Option<bool> {
        if signature.name != self.origin || signature.key_id != self.id() {
            return None;
        }
        let bytes = ed25519_dalek::Signature::from_bytes(&signature.bytes);
        Some(self.key.verify_strict(text.as_bytes(), &bytes).is_ok())
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

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

impl Signature {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.as_slice(), &self.bytes].concat();
        write!(f, "{BY}{} {}", self.name, BASE64_STANDARD.encode(bytes))
    }
}

impl FromStr for Signature {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let (name, bytes) = line.strip_prefix(BY).and_then(|rest| rest.split_once(' ')).ok_or(())?;
        let bytes = BASE64_STANDARD.decode(bytes).map_err(drop)?;
        let (key_id, bytes) = bytes.split_first_chunk().ok_or(())?;
        let bytes = bytes.try_into().map_err(drop)?;
        Ok(Self { name: name.to_owned(), key_id: *key_id, bytes })
    }
}

pub(super) fn is_origin(name: &str) -> bool {
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

    #[test]
    fn a_key_of_somebody_elses_tool_is_read_and_signs_as_it_did() {
        // The example of the Go package golang.org/x/mod/sumdb/note.
        let private = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
        let public = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key: SigningKey = private.parse().expect("a key");
        assert_eq!((key.public().to_string().as_str(), key.text().as_str()), (public, private));
        assert_eq!(public.parse(), Ok(key.public()));
        let said = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let signature = key.sign_text(said);
        let expected = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        assert_eq!((signature.to_string().as_str(), expected.parse()), (expected, Ok(signature)));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let key = SigningKey::new("portal.example.com/log", &[7; 32]).expect("a plain origin");
        let (private, public) = (key.text(), key.public().to_string());
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
