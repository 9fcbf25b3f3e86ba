//! The keys of a log, and what they sign: notes, text with a line for each signature below it.
//!
//! The text of keys and signatures (Ed25519) is that of <https://c2sp.org/signed-note>; [witnesses](super::cosignature) have
//! keys of another kind.
//!
//! **Invariant:** what a key signs begins with a line that says what it is: the origin itself for a checkpoint, another
//! for anything else. So one can't be taken for the other.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signer, VerifyingKey};
use sha2::{Digest, Sha256};

/// What a key is for. All kinds are Ed25519 keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyPurpose {
    Log,
    Witness,
}

impl KeyPurpose {
    fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
        }
    }
}

/// The beginning of a private key's text.
const PRIVATE: &str = "PRIVATE+KEY+";

/// The beginning of a line with a signature.
pub(super) const BY: &str = "— ";

/// The private key of one origin.
pub struct SigningKey {
    origin: String,
    key: ed25519_dalek::SigningKey,
}

/// The public key of one origin: checks what a [`SigningKey`] signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    origin: String,
    key: VerifyingKey,
}

/// A signature line below a text: the name of the signer and the signature, not yet checked with any key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub(super) name: String,
    pub(super) key_id: KeyId,
    pub(super) bytes: Vec<u8>,
}

/// The id that identifies a key together with its name.
pub(super) type KeyId = [u8; 4];

/// Why a text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("an origin is a name without spaces and without +, like portal.example.com/log")]
    Origin,
    #[error("this is not the private key that `portal keys` writes")]
    Private,
    #[error("this is not the public key that `portal keys` prints: ORIGIN+ID+KEY, on one line")]
    Public,
    #[error("this is not the private key that `portal keys --witness` writes")]
    PrivateOfWitness,
    #[error("this is not the public key of a witness: NAME+ID+KEY, on one line")]
    PublicOfWitness,
}

impl SigningKey {
    /// Makes the key from 32 secret random bytes.
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
        let bytes = self.key.sign(text.as_bytes()).to_bytes().to_vec();
        Signature { name: self.origin.clone(), key_id: self.public().id(), bytes }
    }

    /// The private key as text, for a file that nobody else can read.
    pub fn text(&self) -> String {
        private_text(KeyPurpose::Log, &self.origin, &self.key)
    }
}

impl FromStr for SigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (origin, seed) = read_private(KeyPurpose::Log, text).ok_or(KeyError::Private)?;
        Self::new(origin, &seed)
    }
}

impl PublicKey {
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Checks whether this key signed the text; none if the signature is not this key's, or was cut off.
    pub(super) fn signed_text(&self, text: &str, signature: &Signature) -> Option<bool> {
        let is_whole = signature.bytes.len() == ed25519_dalek::SIGNATURE_LENGTH;
        if !is_whole || signature.name != self.origin || signature.key_id != self.id() {
            return None;
        }
        Some(is_signed(&self.key, text, &signature.bytes))
    }

    /// Says whether both have the same key, whatever their names.
    pub(super) fn is_same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    fn id(&self) -> KeyId {
        id(KeyPurpose::Log, &self.origin, &self.key)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&public_text(KeyPurpose::Log, &self.origin, &self.key))
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (origin, key) = read_public(KeyPurpose::Log, text).ok_or(KeyError::Public)?;
        Ok(Self { origin: origin.to_owned(), key })
    }
}

impl Signature {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Signature {
    pub(super) fn is_by_the_same(&self, other: &Self) -> bool {
        (&self.name, self.key_id) == (&other.name, other.key_id)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id, self.bytes.as_slice()].concat();
        write!(f, "{BY}{} {}", self.name, BASE64_STANDARD.encode(bytes))
    }
}

impl FromStr for Signature {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let (name, bytes) = line.strip_prefix(BY).and_then(|rest| rest.split_once(' ')).ok_or(())?;
        let bytes = BASE64_STANDARD.decode(bytes).map_err(drop)?;
        let (key_id, bytes) = bytes.split_first_chunk().ok_or(())?;
        Ok(Self { name: name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
    }
}

pub(super) fn is_origin(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control())
}

pub(super) fn id(kind: KeyPurpose, name: &str, key: &VerifyingKey) -> KeyId {
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', kind.byte()])
        .chain_update(key.as_bytes())
        .finalize();
    *hash.first_chunk().expect("a hash has more than four bytes")
}

pub(super) fn is_signed(key: &VerifyingKey, text: &str, signature: &[u8]) -> bool {
    let signature = ed25519_dalek::Signature::from_slice(signature);
    signature.is_ok_and(|signature| key.verify_strict(text.as_bytes(), &signature).is_ok())
}

pub(super) fn private_text(kind: KeyPurpose, name: &str, key: &ed25519_dalek::SigningKey) -> String {
    let id = hex::encode(id(kind, name, &key.verifying_key()));
    format!("{PRIVATE}{name}+{id}+{}", key_text(kind, key.as_bytes()))
}

/// Reads the name and the 32 secret bytes of a private key.
pub(super) fn read_private(kind: KeyPurpose, text: &str) -> Option<(&str, [u8; 32])> {
    let (name, key_id, seed) = parts(kind, text.trim_ascii().strip_prefix(PRIVATE)?)?;
    let key = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
    (id(kind, name, &key) == key_id).then_some((name, seed))
}

pub(super) fn public_text(kind: KeyPurpose, name: &str, key: &VerifyingKey) -> String {
    format!("{name}+{}+{}", hex::encode(id(kind, name, key)), key_text(kind, key.as_bytes()))
}

pub(super) fn read_public(kind: KeyPurpose, text: &str) -> Option<(&str, VerifyingKey)> {
    let (name, key_id, key) = parts(kind, text.trim_ascii())?;
    let key = VerifyingKey::from_bytes(&key).ok()?;
    (is_origin(name) && id(kind, name, &key) == key_id).then_some((name, key))
}

fn key_text(kind: KeyPurpose, key: &[u8; 32]) -> String {
    BASE64_STANDARD.encode([&[kind.byte()], key.as_slice()].concat())
}

/// Splits a key's text into name, id and key, which are written in one way only. The key's part may itself contain a +, the
/// name can't.
fn parts(kind: KeyPurpose, text: &str) -> Option<(&str, KeyId, [u8; 32])> {
    let (name, rest) = text.split_once('+')?;
    let (id, key) = rest.split_once('+')?;
    let key_id: KeyId = hex::decode(id).ok()?.try_into().ok()?;
    let key = BASE64_STANDARD.decode(key).ok()?;
    let key = key.strip_prefix(&[kind.byte()])?.try_into().ok()?;
    (hex::encode(key_id) == id).then_some((name, key_id, key))
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
