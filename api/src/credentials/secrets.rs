//! The secrets of second factors. They have to be readable again, so they are sealed with a key that is not in the
//! database.
//!
//! ```text
//! sealed:1: │ id of the key, 4 │ nonce, 24 │ XChaCha20-Poly1305 of the secret, bound to purpose and person
//! ```
//!
//! **Invariant:** a sealed secret opens with its own key alone, and only for the person it was sealed for.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use domain::values::PersonId;
use projections::{Db, second_factors};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::aside::in_time;
use crate::config::Settings;

/// The setting that names the files of keys.
const SETTING: &str = "PORTAL_SECRETS_KEY";

/// What a key's text begins with.
const KEY: &str = "PORTAL+SECRETS+";

/// The first bytes of a sealed secret. A secret in clear is shorter than these and all that follows them.
const SEALED: &[u8] = b"sealed:1:";

/// Bound into every seal, so that nothing sealed for another purpose can take the place of these secrets.
const PURPOSE: &[u8] = b"portal:totp:";

/// How many secrets are sealed at a time when a process starts.
const BATCH: i64 = 500;

/// The keys from the settings, the newest first; there may be none. The newest one seals, and every one opens.
pub struct Secrets(Vec<EncryptionKey>);

/// A key of 32 random bytes, kept in a file that nobody else may read.
pub struct EncryptionKey {
    bytes: [u8; 32],
}

/// Why a secret can't be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shut {
    #[error("it was sealed with the key {0}, which is not among those that PORTAL_SECRETS_KEY names")]
    NoKey(String),
    #[error("it is not what was sealed with the key {0}")]
    Changed(String),
}

impl EncryptionKey {
    pub fn new() -> anyhow::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self { bytes })
    }

    /// The short id by which people and sealed secrets name the key. It reveals nothing of the key.
    pub fn id(&self) -> String {
        hex::encode(self.short())
    }

    /// The text of the key, as its file has it.
    pub fn text(&self) -> String {
        format!("{KEY}{}+{}", self.id(), hex::encode(self.bytes))
    }

    fn parse(text: &str) -> Option<Self> {
        let (id, bytes) = text.trim().strip_prefix(KEY)?.split_once('+')?;
        let key = Self { bytes: hex::decode(bytes).ok()?.try_into().ok()? };
        (key.id() == id).then_some(key)
    }

    fn short(&self) -> [u8; 4] {
        let hash = Sha256::new().chain_update("portal secrets key\n").chain_update(self.bytes).finalize();
        *hash.first_chunk().expect("a hash has more than four bytes")
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.bytes.into())
    }
}

impl Secrets {
    pub fn of(settings: &Settings) -> anyhow::Result<Self> {
        let read = |file: &PathBuf| {
            let (name, file) = (format!("{SETTING}: {}", file.display()), file.clone());
            in_time(&name, move || read(&file))
        };
        settings.secrets_key.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The secret as it is stored: sealed, or in clear where there is no key.
    pub fn seal(&self, person: PersonId, secret: &[u8]) -> anyhow::Result<Vec<u8>> {
        let Some(key) = self.0.first() else { return Ok(secret.to_vec()) };
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce)?;
        let payload = Payload { msg: secret, aad: &bound_to(person) };
        let text = key.cipher().encrypt(&XNonce::from(nonce), payload);
        let text = text.map_err(|_too_long| anyhow!("a secret has a few bytes"))?;
        Ok([SEALED, &key.short(), &nonce, &text].concat())
    }

    /// Opens a stored secret.
    pub fn open(&self, person: PersonId, stored: &[u8]) -> Result<Vec<u8>, Shut> {
        let Some(id) = sealed_with(stored) else { return Ok(stored.to_vec()) };
        let named = hex::encode(id);
        let key = self.0.iter().find(|key| key.short() == *id);
        let key = key.ok_or_else(|| Shut::NoKey(named.clone()))?;
        let rest = stored.get(SEALED.len() + id.len()..).and_then(<[u8]>::split_first_chunk::<24>);
        let (nonce, text) = rest.ok_or_else(|| Shut::Changed(named.clone()))?;
        let payload = Payload { msg: text, aad: &bound_to(person) };
        key.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_forged| Shut::Changed(named))
    }

    /// True if the secret is sealed with the newest key, or there is no key.
    fn is_newest(&self, stored: &[u8]) -> bool {
        self.0.first().is_none_or(|key| sealed_with(stored) == Some(&key.short()))
    }
}

/// Seals every secret that is in clear or was sealed with an older key, and logs those that can't be opened. Other processes
/// may do the same at this moment.
pub async fn seal_all(db: &Db, secrets: &Secrets) -> anyhow::Result<()> {
    let (mut after, mut sealed, mut shut) = (Uuid::nil(), 0, vec![]);
    loop {
        let batch = second_factors::secrets(db, after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = last.person_id;
        for row in &batch {
            let person = PersonId(row.person_id);
            match secrets.open(person, &row.secret) {
                Err(why) => shut.push(why.to_string()),
                Ok(_) if secrets.is_newest(&row.secret) => {}
                Ok(secret) => {
                    let now = secrets.seal(person, &secret)?;
                    sealed += i64::from(second_factors::replace_secret(db, person, &row.secret, &now).await?);
                }
            }
        }
    }
    if sealed > 0 {
        tracing::info!(sealed, "secrets of second factors were sealed with the newest key");
    }
    let number = shut.len();
    shut.sort_unstable();
    shut.dedup();
    for why in shut {
        tracing::error!(
            "{SETTING}: of {number} secrets of second factors that can't be opened: {why}. Their owners sign in with a \
             recovery code or a passkey until it is given; docs/RECOVERY.md says more"
        );
    }
    Ok(())
}

/// Logs once that secrets are stored in clear, where that matters.
pub fn warn_of_none(settings: &Settings, db: &Db) {
    if settings.secrets_key.is_empty() && (db.engine() == "postgres" || settings.tls()) {
        tracing::warn!(
            "{SETTING}: no key is given, so whoever reads the database, or a backup of it, has the secrets of all second \
             factors; make one with portal keys --secrets FILE"
        );
    }
}

fn read(file: &Path) -> anyhow::Result<EncryptionKey> {
    let name = || format!("{SETTING}: {}", file.display());
    let text = std::fs::read_to_string(file).with_context(name)?;
    crate::signer::warn_of_readers(SETTING, file).with_context(name)?;
    EncryptionKey::parse(&text)
        .with_context(|| format!("{}: this is not a key that `portal keys --secrets` writes", name()))
}

fn sealed_with(stored: &[u8]) -> Option<&[u8; 4]> {
    stored.strip_prefix(SEALED)?.first_chunk()
}

fn bound_to(person: PersonId) -> Vec<u8> {
    [PURPOSE, person.0.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_person_alone_and_not_when_it_was_changed() {
        let keys = [EncryptionKey::new().expect("random"), EncryptionKey::new().expect("random")];
        let [id, other] = [keys[0].id(), keys[1].id()];
        let [secrets, others] = keys.map(|key| Secrets(vec![key]));
        let (ana, bob) = (PersonId(Uuid::from_u128(1)), PersonId(Uuid::from_u128(2)));
        let stored = secrets.seal(ana, b"12345678901234567890").expect("it is short");
        assert_eq!(secrets.open(ana, &stored), Ok(b"12345678901234567890".to_vec()));
        assert_eq!(secrets.open(bob, &stored), Err(Shut::Changed(id.clone())));
        assert_eq!(others.open(ana, &stored), Err(Shut::NoKey(id.clone())));
        assert_eq!(Secrets(vec![]).open(ana, &stored), Err(Shut::NoKey(id.clone())));
        for place in SEALED.len() + 4..stored.len() {
            let mut changed = stored.clone();
            changed[place] ^= 1;
            assert_eq!(secrets.open(ana, &changed), Err(Shut::Changed(id.clone())), "{place}");
            assert_eq!(secrets.open(ana, &stored[..place]), Err(Shut::Changed(id.clone())), "{place}");
        }
        assert_ne!(stored, secrets.seal(ana, b"12345678901234567890").expect("it is short"), "a new nonce");
        let in_clear = Secrets(vec![]).seal(ana, b"12345678901234567890").expect("it is short");
        assert_eq!(others.open(ana, &in_clear), Ok(b"12345678901234567890".to_vec()));
        assert!(secrets.is_newest(&stored) && !others.is_newest(&stored) && !secrets.is_newest(&in_clear));
        assert_ne!(id, other);
    }

    #[test]
    fn a_key_is_read_as_it_was_written_and_nothing_else_is_one() {
        let key = EncryptionKey::new().expect("random");
        let text = key.text();
        assert_eq!(EncryptionKey::parse(&format!("{text}\n")).map(|key| key.bytes), Some(key.bytes));
        for wrong in ["", "PRIVATE+KEY+a+b", &text[..text.len() - 1], &text.replace(&key.id(), "00000000")] {
            assert!(EncryptionKey::parse(wrong).is_none(), "{wrong}");
        }
    }
}
