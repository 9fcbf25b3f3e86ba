//! Passwords: hashed with argon2id (RFC 9106; 19 MiB, two passes), judged by zxcvbn.
//!
//! **Invariant:** a wrong address costs what a wrong password costs, and all of it is computed by the threads of the
//! `pool`, so that a flood of sign-ins leaves the other pages quick and the memory as it was.

mod pool;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

pub use self::pool::Asker;
use self::pool::{Memory, Pool};
use crate::web::error::Error;

pub struct Passwords {
    pool: Pool,
    /// A hash of no password, to be verified for accounts that don't exist, so that they take the same time.
    nobody: String,
}

/// Why a new password was refused. The text is shown beside the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    #[error("a password has 10 to 200 characters")]
    Length,
    #[error("this password is too easy to guess{0}")]
    Guessable(String),
}

/// How many characters a password may have.
const LENGTHS: std::ops::RangeInclusive<usize> = 10..=200;

/// The longest password in bytes. No password that was ever accepted is longer, so nothing longer waits in the queue.
const LONGEST_IN_BYTES: usize = 4 * 200;

impl Passwords {
    /// Starts the threads that compute.
    pub fn new() -> anyhow::Result<Self> {
        let nobody = hash("nobody signs in with this", &mut Memory::new())?;
        Ok(Self { pool: Pool::start()?, nobody })
    }

    /// Computes the PHC string of a password.
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        Ok(self.pool.run(Asker::Known, move |memory| hash(&password, memory)).await??)
    }

    /// True if `password` is the one behind `stored`. Without an account the same work is done all the same.
    pub async fn verify(
        &self,
        asker: Asker,
        password: String,
        stored: Option<String>,
    ) -> Result<bool, Error> {
        if password.len() > LONGEST_IN_BYTES {
            return Ok(false);
        }
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.clone());
        Ok(self.pool.run(asker, move |memory| verify(&password, &stored, memory)).await?? && known)
    }

    /// Refuses what an attacker would try first. `about` is what belongs to the person: address, name, organisation.
    pub async fn judge(&self, password: &str, about: &[&str]) -> Result<Result<(), Weak>, Error> {
        if password.len() > LONGEST_IN_BYTES || !LENGTHS.contains(&password.chars().count()) {
            return Ok(Err(Weak::Length));
        }
        let about = about.iter().filter(|text| text.len() <= LONGEST_KNOWN);
        let (password, about) = (password.to_owned(), about.map(ToString::to_string).collect::<Vec<_>>());
        let judged =
            move |_: &mut Memory| strong(&password, &about.iter().map(String::as_str).collect::<Vec<_>>());
        self.pool.run(Asker::Known, judged).await
    }
}

fn hash(password: &str, memory: &mut Memory) -> anyhow::Result<String> {
    let mut salt = [0; Salt::RECOMMENDED_LENGTH];
    getrandom::fill(&mut salt)?;
    let salt = Salt::new(&salt)?;
    let (algorithm, version, params) = (Algorithm::default(), Version::default(), Params::default());
    let hash = compute(&Argon2::new(algorithm, version, params.clone()), password, &salt, memory)?;
    let phc = PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(salt),
        hash: Some(hash),
    };
    Ok(phc.to_string())
}

fn verify(password: &str, stored: &str, memory: &mut Memory) -> anyhow::Result<bool> {
    let stored = PasswordHash::new(stored)?;
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else { return Ok(false) };
    let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
    let version = stored.version.map(Version::try_from).transpose()?.unwrap_or_default();
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&stored)?);
    Ok(compute(&argon2, password, salt, memory)? == *expected) // in constant time, as `Output` compares
}

/// Computes a hash in the memory that is given, which grows where it is too small.
fn compute(argon2: &Argon2<'_>, password: &str, salt: &Salt, memory: &mut Memory) -> anyhow::Result<Output> {
    let params = argon2.params();
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::default());
    }
    let mut hash = [0; Output::MAX_LENGTH];
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let hash = hash.get_mut(..length).ok_or_else(|| anyhow::anyhow!("a hash of {length} bytes"))?;
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, hash, memory)?;
    Ok(Output::new(hash)?)
}

fn strong(password: &str, about: &[&str]) -> Result<(), Weak> {
    if without_words_of(about, password).chars().count() < LEAST_OF_ITS_OWN {
        return Err(Weak::Guessable(". It is made of your own name or address".to_owned()));
    }
    let beginning: String = password.chars().take(DECIDING).collect();
    let judged = zxcvbn::zxcvbn(&beginning, about);
    if judged.score() >= zxcvbn::Score::Three {
        return Ok(());
    }
    let advice =
        judged.feedback().and_then(|feedback| feedback.suggestions().first().map(ToString::to_string));
    Err(Weak::Guessable(
        advice.map(|advice| format!(". {}", advice.trim_end_matches('.'))).unwrap_or_default(),
    ))
}

/// Only this many characters of a password decide whether it is hard to guess: zxcvbn takes seconds for some texts of 200
/// characters, and what is hard to guess doesn't get easier by what follows.
const DECIDING: usize = 64;

/// The longest known text in bytes, longer than any name or address. What is typed may be a megabyte, and is refused beside
/// its own field.
const LONGEST_KNOWN: usize = 1000;

/// How many characters must have nothing to do with the person. zxcvbn takes three known words in a row for hard to guess.
const LEAST_OF_ITS_OWN: usize = 6;

fn without_words_of(about: &[&str], password: &str) -> String {
    let about = about.join(" ").to_lowercase();
    let mut words: Vec<&str> =
        about.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.iter().fold(password.to_lowercase(), |rest, word| rest.replace(word, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_has_10_to_200_characters() {
        let passwords = Passwords::new().expect("threads");
        for wrong in ["short", &"long sentence ".repeat(15), &"a".repeat(1_000_000)] {
            assert_eq!(passwords.judge(wrong, &[]).await.expect("judged"), Err(Weak::Length));
        }
        let longest = "\u{1f40e}correct horse battery".repeat(9).chars().take(200).collect::<String>();
        assert_eq!(passwords.judge(&longest, &[]).await.expect("judged"), Ok(()));
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        assert!(matches!(strong("password123", &[]), Err(Weak::Guessable(_))));
        for own in ["quendelzyxo", "Zyxo.Quendel", "Zyxo-Quendel-87"] {
            assert!(strong(own, &["zyxo.quendel@example.com"]).is_err(), "{own}");
        }
        assert_eq!(strong("quendelzyxo", &[]), Ok(()));
        assert!(strong("anaexample1", &["ana@example.com", "ana", "example"]).is_err());
        assert_eq!(strong("correct horse battery staple", &[]), Ok(()));
    }

    #[test]
    fn the_first_characters_decide() {
        let easy = "a".repeat(DECIDING);
        assert!(strong(&format!("{easy}correct horse battery staple"), &[]).is_err());
        assert_eq!(strong(&format!("correct horse battery staple{easy}"), &[]), Ok(()));
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_nobody_is_not() {
        let passwords = Passwords::new().expect("threads");
        let stored = passwords.hash("correct horse".to_owned()).await.expect("hashes");
        assert!(stored.starts_with("$argon2id$"));
        assert!(
            passwords
                .verify(Asker::Known, "correct horse".to_owned(), Some(stored.clone()))
                .await
                .expect("verifies")
        );
        assert!(
            !passwords.verify(Asker::Known, "wrong horse".to_owned(), Some(stored)).await.expect("verifies")
        );
        assert!(
            !passwords
                .verify(Asker::Known, "nobody signs in with this".to_owned(), None)
                .await
                .expect("verifies")
        );
    }
    /// Hashes made by argon2 itself, as they were stored before there was a pool.
    #[test]
    fn what_argon2_wrote_is_verified_and_what_we_write_it_verifies() {
        use argon2::password_hash::{PasswordHasher, PasswordVerifier};
        let (argon2, memory) = (Argon2::default(), &mut Memory::new());
        let theirs = argon2.hash_password(b"correct horse").expect("hashes").to_string();
        assert_eq!(verify("correct horse", &theirs, memory).ok(), Some(true));
        assert_eq!(verify("wrong horse", &theirs, memory).ok(), Some(false));
        let ours = hash("correct horse", memory).expect("hashes");
        assert!(argon2.verify_password(b"correct horse", ours.as_str()).is_ok(), "{ours}");
        let head = |phc: &str| phc.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(head(&ours), head(&theirs));
    }
}
