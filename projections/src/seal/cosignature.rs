//! The cosignature of a witness: it saw this root for this many events of a log, and never a root that contradicts it.
//!
//! The format is that of <https://c2sp.org/tlog-cosignature> (Ed25519): a line more below a checkpoint.
//!
//! **Invariant:** a cosignature says when it was made, and begins with a line that no log signs.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{SIGNATURE_LENGTH, Signer, VerifyingKey};

use super::key::{
    KeyError, KeyId, KeyPurpose, Signature, id, is_origin, is_signed, private_text, public_text,
    read_private, read_public,
};
use super::{Checkpoint, SignedCheckpoint};

/// The private key of a witness.
pub struct Cosigner {
    name: String,
    key: ed25519_dalek::SigningKey,
}

/// The public key of a witness: checks what a [`Cosigner`] signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    key: VerifyingKey,
}

/// A signature line claims to be a witness's, but does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the checkpoint of {size} events was changed: the cosignature of {witness} does not fit")]
pub struct Forged {
    pub witness: String,
    pub size: u64,
}

impl Cosigner {
    /// Makes the key from 32 secret random bytes, which must not be used for any other key.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        if !is_origin(name) {
            return Err(KeyError::Origin);
        }
        Ok(Self { name: name.to_owned(), key: ed25519_dalek::SigningKey::from_bytes(seed) })
    }

    pub fn public(&self) -> WitnessKey {
        WitnessKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// Cosigns a checkpoint at a time in seconds since 1970.
    pub fn cosign(&self, checkpoint: &Checkpoint, at: u64) -> Signature {
        let bytes = self.key.sign(signed_text(checkpoint, at).as_bytes()).to_bytes();
        let bytes = [at.to_be_bytes().as_slice(), &bytes].concat();
        Signature { name: self.name.clone(), key_id: self.public().id(), bytes }
    }

    /// The private key as text, for a file that nobody else can read.
    pub fn text(&self) -> String {
        private_text(KeyPurpose::Witness, &self.name, &self.key)
    }
}

impl FromStr for Cosigner {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, seed) = read_private(KeyPurpose::Witness, text).ok_or(KeyError::PrivateOfWitness)?;
        Self::new(name, &seed)
    }
}

impl WitnessKey {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The time of this witness's last cosignature of the note, in seconds since 1970; none if there is none.
    pub fn cosigned(&self, signed: &SignedCheckpoint) -> Result<Option<u64>, Forged> {
        let Checkpoint { size, .. } = signed.checkpoint;
        let own = signed.signatures.iter().filter(|line| self.claims(line));
        let times: Option<Vec<u64>> = own.map(|line| self.time(&signed.checkpoint, line)).collect();
        let forged = || Forged { witness: self.name.clone(), size };
        Ok(times.ok_or_else(forged)?.into_iter().max())
    }

    /// Finds this witness's own valid signature among those given for a checkpoint.
    pub fn own(&self, checkpoint: &Checkpoint, given: Vec<Signature>) -> Option<Signature> {
        given.into_iter().find(|line| self.claims(line) && self.time(checkpoint, line).is_some())
    }

    /// Says whether a line claims to be this witness's. A line that was cut off claims nothing.
    fn claims(&self, line: &Signature) -> bool {
        line.bytes.len() == 8 + SIGNATURE_LENGTH && line.name == self.name && line.key_id == self.id()
    }

    /// The time at which this witness signed the checkpoint, if the line's signature fits.
    fn time(&self, checkpoint: &Checkpoint, line: &Signature) -> Option<u64> {
        let (at, signature) = line.bytes.split_first_chunk()?;
        let at = u64::from_be_bytes(*at);
        let is_moment = i64::try_from(at).is_ok();
        (is_moment && is_signed(&self.key, &signed_text(checkpoint, at), signature)).then_some(at)
    }

    /// Says whether both have the same key, whatever their names.
    pub(super) fn is_same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    fn id(&self) -> KeyId {
        id(KeyPurpose::Witness, &self.name, &self.key)
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&public_text(KeyPurpose::Witness, &self.name, &self.key))
    }
}

impl FromStr for WitnessKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, key) = read_public(KeyPurpose::Witness, text).ok_or(KeyError::PublicOfWitness)?;
        Ok(Self { name: name.to_owned(), key })
    }
}

fn signed_text(checkpoint: &Checkpoint, at: u64) -> String {
    format!("cosignature/v1\ntime {at}\n{}", checkpoint.text())
}

#[cfg(test)]
mod tests {
    use super::super::SigningKey;
    use super::*;

    fn witness(seed: u8) -> Cosigner {
        Cosigner::new("witness.example.com/w1", &[seed; 32]).expect("a plain name")
    }

    fn signed() -> SignedCheckpoint {
        SigningKey::new("portal.example.com/log", &[7; 32]).expect("a plain origin").sign(1234, [9; 32])
    }

    #[test]
    fn the_example_of_the_format_is_read_and_written_as_it_stands_there() {
        let note = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— \
                    example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9n\
                    To+zyWE+xeMcTOAYQ8=\n— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXE\
                    hZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
        let read: SignedCheckpoint = note.parse().expect("a checkpoint");
        assert_eq!(read.text(), note);
        let (at, signature) = read.signatures[1].bytes.split_first_chunk().expect("a time");
        assert_eq!((u64::from_be_bytes(*at), signature.len()), (1_679_315_147, 64));
        let text = "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n\
                    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        assert_eq!(signed_text(&read.checkpoint, 1_679_315_147), text);
    }

    #[test]
    fn a_key_of_a_witness_elsewhere_is_read() {
        let remora = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
        assert_eq!(remora.parse::<WitnessKey>().expect("a key").to_string(), remora);
        let log = signed_by().to_string();
        assert_eq!(log.parse::<WitnessKey>(), Err(KeyError::PublicOfWitness), "a log is no witness");
        assert!(remora.parse::<super::super::PublicKey>().is_err(), "a witness is no log");
        let private = witness(3).text();
        assert_eq!(private.parse::<Cosigner>().map(|key| key.text()), Ok(private.clone()));
        assert!(private.parse::<SigningKey>().is_err());
    }

    fn signed_by() -> super::super::PublicKey {
        SigningKey::new("portal.example.com/log", &[7; 32]).expect("a plain origin").public()
    }

    #[test]
    fn a_cosignature_is_of_one_witness_one_checkpoint_and_one_time() {
        let (ours, other) = (witness(3), witness(4));
        let note = signed().with([ours.cosign(&signed().checkpoint, 1_700_000_000)]);
        assert_eq!(ours.public().cosigned(&note), Ok(Some(1_700_000_000)));
        assert_eq!(other.public().cosigned(&note), Ok(None));
        assert_eq!(signed_by().signed(&note), Some(true), "the log's own signature stands as it did");
        let read: SignedCheckpoint = note.text().parse().expect("a note");
        assert_eq!(read, note);
        for changed in [note.text().replacen("1234", "1235", 1), note.text().replacen("CQkJ", "CQkK", 1)] {
            let changed: SignedCheckpoint = changed.parse().expect("still a note");
            assert!(ours.public().cosigned(&changed).is_err());
        }
        let mut later = ours.cosign(&signed().checkpoint, 1_700_000_000);
        later.bytes[7] += 1;
        assert!(ours.public().cosigned(&signed().with([later])).is_err(), "another time");
    }

    #[test]
    fn what_was_cut_off_is_no_signature_and_no_forgery() {
        let ours = witness(3);
        let note = signed().with([ours.cosign(&signed().checkpoint, 1_700_000_000)]).text();
        let end = note.trim_end().len();
        for cut in 1..end - note.rfind(' ').expect("two signatures") {
            if let Ok(torn) = format!("{}\n", &note[..end - cut]).parse::<SignedCheckpoint>() {
                assert_eq!(ours.public().cosigned(&torn), Ok(None), "{cut}");
                assert_eq!(signed_by().signed(&torn), Some(true), "{cut}");
            }
        }
    }
}
